"""A fax channel for tests: settings, parcels, a connector that runs, over a real HylaFAX or whatever else answers."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from connectors.fax.connector import FaxConnector
from connectors.fax.settings import FaxSettings
from hub.domain.address import Address
from hub.domain.ids import OutboxId
from hub.domain.message import Attachment, Participant
from hub.domain.outbox import Attempt, OutboxItem, OutgoingContent, Purpose, lane_of
from hub.ports.clock import Clock, SystemClock
from hub.ports.connector import ConnectorContext, Parcel

OWN, OTHER = "+49300000000", "+49300000001"
CLOCK = SystemClock()


def settings_for(port: int = 4559, **changes: Any) -> FaxSettings:
    """HylaFAX on that port of this machine; `hylafax` adds to its table."""
    server = {"port": port, "poll_seconds": 1, "timeout": 2, **changes.pop("hylafax", {})}
    return FaxSettings.model_validate({"number": OWN, "company": "Muster", "hylafax": server, **changes})


def connector_for(settings: FaxSettings, *, clock: Clock = CLOCK, data_dir: Path = Path(), **more: Any) -> FaxConnector:
    context = ConnectorContext(name="fax", hostname="hub.test", clock=clock, data_dir=data_dir)
    return FaxConnector(settings, context, **more)


def parcel(
    text: str = "Guten Tag, anbei.",
    *,
    key: str = "1",
    to: str = OTHER,
    files: Sequence[tuple[str, str, bytes]] = (),
    attempts: tuple[Attempt, ...] = (),
    clock: Clock = CLOCK,
    **more: Any,
) -> Parcel:
    """One attempt of an item whose message id is `o_KEY`."""
    address, now = Address(channel="fax", normal=to), clock.now()
    attachments = tuple(
        Attachment(index=index, name=name, type=type, size=len(data), sha256=f"{name}{len(data)}")
        for index, (name, type, data) in enumerate(files)
    )
    item = OutboxItem(
        id=OutboxId(f"o_{key}"),
        account="fax",
        channel="fax",
        recipient=address,
        lane=lane_of("fax", address),
        purpose=Purpose.REPLY,
        content=OutgoingContent(
            text=text,
            message_id=f"o_{key}",
            to=(Participant(address=address, name="Petra Müller"),),
            attachments=attachments,
        ),
        due_at=now,
        created_at=now,
        give_up_at=now + timedelta(days=2),
        attempts=attempts,
        **more,
    )
    return Parcel(item=item, attempt=len(attempts) + 1, files=tuple(data for _, _, data in files))

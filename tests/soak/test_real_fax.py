"""Real faxes: two HylaFAX modems that call each other (ITU-T T.30 over software modems). About half a minute each."""

import io
import os

import pytest
from PIL import Image

from connectors.fax.parse import FAX_PARSER
from hub.domain.message import Envelope
from hub.ports.connector import LinkState
from hub.ports.parser import ParseContext
from tests.fake_inlet import FakeInlet
from tests.fax_channel import connector_for, parcel, settings_for
from tests.peers.hylafax import Hylafax
from tests.running_connector import running

FULL = os.environ.get("FERNAMT_SOAK") == "full"


def black_share(data: bytes) -> float:
    """How much of the first page is black."""
    with Image.open(io.BytesIO(data)) as picture:
        counts = picture.convert("L").histogram()
    return sum(counts[:128]) / sum(counts)


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_ac42_a_real_fax_goes_out_and_comes_in(fax_line: Hylafax) -> None:
    """The same line sends and receives: what modem 0 sends, modem 1 takes, and the connector takes that in."""
    inlet = FakeInlet()
    channel = connector_for(settings_for(fax_line.port))
    async with running(channel, inlet):
        for number in range(4 if FULL else 1):
            arrived = len(inlet.arrivals)
            await channel.send(parcel(f"Bestellung Nummer {number}: 12 Stühle, Größe 4.", key=str(number)))
            message_id = f"o_{number}"
            await inlet.until(lambda message_id=message_id: _ended(inlet, message_id) != "", 200)  # type: ignore[misc]
            assert _ended(inlet, message_id) == "delivered", inlet.updates[-1]
            await inlet.until_arrivals(arrived + 1, 60)
        assert inlet.state is LinkState.UP
    received = inlet.arrivals[0]
    message = FAX_PARSER.parse(received.raw, Envelope(), ParseContext(account="fax"))
    assert message.sender is not None
    assert message.sender.address.normal.startswith("+49")
    assert message.problems == ()
    assert [update.status.diagnostic for update in inlet.updates][-1].endswith("1 von 1 Seiten")
    original = FAX_PARSER.extract(received.raw, len(message.content.attachments) - 1)
    assert 0.005 < black_share(original) < 0.2


def _ended(inlet: FakeInlet, message_id: str) -> str:
    ends = [u.status.action for u in inlet.updates if u.message_id == message_id and u.status.action != "relayed"]
    return ends[0] if ends else ""

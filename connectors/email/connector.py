"""The email connector: a listener, a mailbox and a way to send, as far as each is configured."""

import asyncio
from collections.abc import Callable

from connectors.email.imap_mailbox import Mailbox
from connectors.email.listener import Listener
from connectors.email.parts import Part, PartsRunner
from connectors.email.pickup import PickupDirectory
from connectors.email.probe import probe_channel
from connectors.email.settings import EmailSettings
from connectors.email.submission import Submission
from hub.domain.errors import PermanentFailure
from hub.ports.connector import ConnectorContext, Inlet, Parcel, ProbeStep, Receipt


class EmailConnector:
    """One email channel. Implements `Connector` and `Probes`."""

    def __init__(self, settings: EmailSettings, context: ConnectorContext) -> None:
        self._settings = settings
        self._context = context
        self._listener: Listener | None = None
        self._submission: Submission | None = None
        if settings.submission is not None:
            self._submission = Submission(settings.submission, settings, context.hostname)

    @property
    def ports(self) -> list[int]:
        """The TCP ports listened on while it runs, SMTP before LMTP."""
        return self._listener.ports if self._listener else []

    async def run(self, inlet: Inlet) -> None:
        """Listen for the whole of its life; mailbox and submission beside it (see parts.py)."""
        settings = self._settings
        parts: dict[str, Part] = {}
        listener: Listener | None = None
        if settings.listen or settings.lmtp:
            listener = Listener(settings, self._context, inlet)
            places = await listener.open()
            parts["listener"] = _listening(places)
        if settings.imap is not None:
            limit = settings.max_message_bytes or self._context.max_message_bytes
            mailbox = Mailbox(settings.imap, self._context, limit)
            parts["mailbox"] = lambda ready: mailbox.run(inlet, ready)
        if self._submission is not None:
            parts["submission"] = self._submission.run
        self._listener = listener
        try:
            await PartsRunner(parts, inlet, self._context.clock).run()
        finally:
            self._listener = None
            if listener is not None:
                await listener.close()

    async def send(self, parcel: Parcel) -> Receipt:
        """Through the submission server, or into the directory that stands in for one."""
        if self._submission is not None:
            return await self._submission.send(parcel)
        if self._settings.outgoing_directory:
            return await PickupDirectory(self._settings, self._context).send(parcel)
        raise PermanentFailure("This channel cannot send: add [submission] to its settings.")

    async def probe(self) -> list[ProbeStep]:
        """Each part, step by step."""
        return await probe_channel(self._settings, self._context, listening=bool(self._listener))


def _listening(places: list[str]) -> Part:
    async def part(ready: Callable[[str], None]) -> None:
        ready(", ".join(places))
        # The sockets are open and serve by themselves, until the run is cancelled.
        await asyncio.get_running_loop().create_future()

    return part

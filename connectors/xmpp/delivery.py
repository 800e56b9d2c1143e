"""Sending on a stream: the words, then the files; done when the server has taken all of it."""

from collections.abc import Sequence
from typing import Any

from connectors.xmpp.acknowledgement import Acknowledgement
from connectors.xmpp.compose import offer_answers, write_file, write_state, write_text
from connectors.xmpp.sharing import Sharing
from hub.domain.outbox import OutboxItem
from hub.domain.views import FileData
from hub.ports.connector import Parcel

MAX_CHOICES = 20


class Delivery:
    """Of one session. `sender`: as whom, '' where the server knows."""

    def __init__(self, stream: Any, acknowledgement: Acknowledgement, sharing: Sharing, sender: str = "") -> None:
        self._stream, self._acknowledgement, self._sharing, self._sender = stream, acknowledgement, sharing, sender

    async def deliver(
        self,
        to: str,
        text: str,
        stanza_id: str,
        *,
        choices: Sequence[str] = (),
        files: Sequence[FileData] = (),
        receipt: bool = False,
        sender: str = "",
    ) -> None:
        """Raises TemporaryFailure or PermanentFailure where nothing left, UnknownOutcome. The files are uploaded before
        the first word is said, so that a refusal of one leaves nothing half said."""
        links = [await self._sharing.upload(file) for file in files]
        speaker = sender or self._sender
        messages = []
        if text or not files:
            said = offer(text, choices)
            messages.append(write_text(self._stream, to, said, stanza_id, sender=speaker, receipt=receipt))
            offer_answers(messages[0], choices[:MAX_CHOICES])
        for number, (link, file) in enumerate(zip(links, files, strict=True), start=1):
            # The last stanza carries the item's own id where there is no text, so that its receipt is the item's.
            name = stanza_id if not messages else f"{stanza_id}-{number}"
            messages.append(write_file(self._stream, to, link, file, name, sender=speaker))
        for message in messages:
            await self._acknowledgement.send(message)

    async def deliver_parcel(self, parcel: Parcel, *, sender: str = "") -> str:
        """One item under its own id; returns that."""
        content = parcel.item.content
        stanza_id = stanza_id_of(parcel.item)
        text = f"{content.subject}\n\n{content.text}" if content.subject else content.text
        files = [
            FileData(name=part.name, type=part.type, data=data)
            for part, data in zip(content.attachments, parcel.files, strict=False)
        ]
        await self.deliver(
            parcel.item.recipient.normal,
            text,
            stanza_id,
            choices=content.choices,
            files=files,
            receipt=True,
            sender=sender,
        )
        return stanza_id

    def show_state(self, to: str, state: str, *, sender: str) -> None:
        """A chat state without words, which nobody keeps."""
        write_state(self._stream, to, state, sender=sender).send()


def stanza_id_of(item: OutboxItem) -> str:
    """The id under which an item goes out, at every attempt the same (XEP-0359)."""
    return item.content.message_id.partition("@")[0] or item.id


def offer(text: str, choices: Sequence[str]) -> str:
    """The words with what can be answered, where they do not name it themselves. Chat has no buttons that many clients
    know, so they are words to type."""
    missing = [choice for choice in choices[:MAX_CHOICES] if choice.lower() not in text.lower()]
    return f"{text}\n→ {' / '.join(missing)}" if missing else text

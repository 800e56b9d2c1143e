"""Delivery receipts that we owe (XEP-0184): sent only once a message is kept, a few together.

In a quick exchange each small stanza on its way through a server that leaves Nagle's algorithm on makes the next answer
wait for the reader's delayed acknowledgement of TCP, 40 ms; so receipts are held for a moment.
"""

import asyncio

from slixmpp import JID, Message

from connectors.xmpp.session import Session

RECEIPT_DELAY = 0.5
MAX_RECEIPTS = 200


class Receipts:
    """Holds them and sends them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._held: list[Message] = []
        self._timer: asyncio.TimerHandle | None = None

    def owe(self, message: Message) -> None:
        """The message is kept. A receipt never answers an archived copy, an error or another receipt (§5.3)."""
        if not message["request_receipt"] or not message["id"]:
            return
        stream = self._session.stream
        receipt = stream.make_message(mto=message["from"], mfrom=_answers_from(message, stream), mtype=message["type"])
        receipt["receipt"] = message["id"]
        self._held.append(receipt)
        if len(self._held) >= MAX_RECEIPTS:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(RECEIPT_DELAY, self.flush)

    def flush(self) -> None:
        """Send what is held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held, self._held = self._held, []
        for receipt in held:
            if self._session.open:
                receipt.send()

    def close(self) -> None:
        """The stream is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._held.clear()


def _answers_from(message: Message, stream: object) -> JID | None:
    """A component speaks as whom was spoken to; a client only as itself, which the server fills in."""
    return message["to"] if getattr(stream, "is_component", False) else None

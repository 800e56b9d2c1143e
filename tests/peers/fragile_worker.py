"""The parse worker with a parser that does what hostile mail might make a parser do: `die` ends the process, `hang`
never returns, `eat` asks for more memory than is allowed, `babble` prints between the frames."""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hub import worker
from hub.domain.errors import NotFound, Unreadable
from hub.domain.message import Content, Envelope, Message
from hub.ports.parser import ParseContext


class FragileParser:
    """Bytes are orders."""

    def parse(self, raw: bytes, envelope: Envelope, context: ParseContext) -> Message:
        if b"die" in raw:
            os._exit(3)
        if b"hang" in raw:
            time.sleep(60)
        if b"eat" in raw:
            bytearray(4 * worker.MEMORY_BYTES)
        if b"babble" in raw:
            os.write(1, b"noise")
            print("noise")
        if b"unreadable" in raw:
            raise Unreadable("This is no message.")
        if b"break" in raw:
            raise ZeroDivisionError
        subject = "\ud800" if b"surrogate" in raw else raw.decode()
        return Message(channel="email", content=Content(subject=subject), message_id=context.account)

    def extract(self, raw: bytes, index: int) -> bytes:
        if index:
            raise NotFound("There is no such file.")
        return self.parse(raw, Envelope(), ParseContext(account="x")).content.subject.encode()

    def render_html(self, raw: bytes) -> str | None:
        return self.parse(raw, Envelope(), ParseContext(account="x")).content.subject or None


if __name__ == "__main__":
    worker.load_parser = lambda kind: FragileParser()  # type: ignore[assignment]
    worker.main()

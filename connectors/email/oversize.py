"""A stand-in for a message that is larger than what is taken in: its header, and a note where its body would be.

The message itself stays in its mailbox. Pure.
"""

import re

HEADER_BYTES = 65_536
_FIELD = re.compile(rb"[^\r\n]+\r?\n(?:[ \t][^\r\n]*\r?\n)*")
_BODY_FIELDS = (b"content-", b"mime-version:")


def stand_in(header: bytes, *, size: int, limit: int, folder: str) -> bytes:
    """Sender, subject, date and Message-ID as they are; the fields that describe the missing body replaced."""
    head = header if header.endswith(b"\n") else header.rpartition(b"\n")[0] + b"\n"
    kept = b"".join(field for field in _FIELD.findall(head) if not field.lower().startswith(_BODY_FIELDS))
    megabytes, most = size / 1_048_576, limit / 1_048_576
    note = (
        f"[This message is larger ({megabytes:.1f} MB) than what is taken in ({most:.1f} MB). "
        f"It lies unchanged in the folder {folder} of the mailbox.]\r\n\r\n"
        f"[Diese Nachricht ist größer ({megabytes:.1f} MB) als das, was angenommen wird ({most:.1f} MB). "
        f"Sie liegt unverändert im Ordner {folder} des Postfachs.]\r\n"
    )
    described = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
    return kept + described + b"\r\n" + note.encode()

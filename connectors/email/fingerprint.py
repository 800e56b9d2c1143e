"""fp1: the fingerprint by which one mail is known in all its copies.

FROZEN. Stored ids are made of it, so that the recipe must never change: golden hashes in the tests keep it. Another
recipe is another name (fp2), and both are looked up. It reads nothing that servers add on the way: trace fields,
delivery addresses, transfer encodings and line ends do not matter.
"""

import hashlib
from collections.abc import Iterable


def fingerprint_fp1(*, date: str, sender: str, to: str, subject: str, text: str, files: Iterable[str]) -> str:
    """64 hex digits over the decoded Date, From, To and Subject fields (unfolded), the first text part (decoded,
    otherwise as sent) and the SHA-256 hex digests of the attachments. White space is folded everywhere."""
    digest = hashlib.sha256(b"fp1")
    for value in (date, sender, to, subject, text, " ".join(sorted(files))):
        data = " ".join(value.split()).encode("utf-8", "replace")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()

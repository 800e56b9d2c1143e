"""A raw arrival with its files in one piece, for channels whose messages only name their files: what intake keeps is
then whole, and a file can be cut out again without the peer. Written by connectors, read by their parsers.

Form: one line of JSON `{"native": length, "files": [{"name", "type", "size"}, ...]}`, a newline, the channel's own
bytes, then the files' bytes, one after the other.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from hub.domain.errors import Invalid, NotFound, Unreadable

MAGIC = b"fernamt-bundle/1 "
MAX_FILES = 200
MAX_HEAD = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledFile:
    """One file. `name` as the sender wrote it, `type` its media type as claimed; neither is to be believed."""

    name: str
    type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """An opened one."""

    native: bytes
    files: tuple[BundledFile, ...] = ()

    def file(self, index: int) -> bytes:
        """The bytes of one file. Raises NotFound."""
        if not 0 <= index < len(self.files):
            raise NotFound("There is no such attachment.", index=index)
        return self.files[index].data


def pack_bundle(native: bytes, files: Sequence[BundledFile] = ()) -> bytes:
    """`native` itself where there are no files. Raises Invalid beyond 200 files."""
    if not files:
        return native
    if len(files) > MAX_FILES:
        raise Invalid(f"A message has at most {MAX_FILES} files.", files=len(files))
    described = [{"name": file.name[:255], "type": file.type[:100], "size": len(file.data)} for file in files]
    head = json.dumps({"native": len(native), "files": described}).encode("ascii")
    return b"".join((MAGIC, head, b"\n", native, *(file.data for file in files)))


def open_bundle(raw: bytes) -> Bundle:
    """What was packed; bytes that are no bundle are the channel's own. Raises Unreadable where lengths do not fit."""
    if not raw.startswith(MAGIC):
        return Bundle(native=raw)
    end = raw.find(b"\n", 0, MAX_HEAD)
    try:
        head = json.loads(raw[len(MAGIC) : end])
        sizes = [int(head["native"]), *(int(file["size"]) for file in head["files"][:MAX_FILES])]
        names = [(str(file["name"]), str(file["type"])) for file in head["files"][:MAX_FILES]]
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable("The kept message has a damaged head.") from error
    if end < 0 or min(sizes) < 0 or sum(sizes) != len(raw) - end - 1:
        raise Unreadable("The kept message is not as long as its head says.")
    at = end + 1 + sizes[0]
    files = []
    for (name, type), size in zip(names, sizes[1:], strict=True):
        files.append(BundledFile(name=name, type=type, data=raw[at : at + size]))
        at += size
    return Bundle(native=raw[end + 1 : end + 1 + sizes[0]], files=tuple(files))

"""From our words to message stanzas."""

import base64
import hashlib
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from typing import Any

from hub.domain.views import FileData

_UNSPEAKABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
QUICK = "urn:xmpp:tmp:quick-response"
SIMS, REFERENCE, FILE, HASHES = (
    "urn:xmpp:sims:1",
    "urn:xmpp:reference:0",
    "urn:xmpp:jingle:apps:file-transfer:5",
    "urn:xmpp:hashes:2",
)


def write_text(stream: Any, to: str, text: str, stanza_id: str, *, sender: str = "", receipt: bool = False) -> Any:
    """A chat message under the id that is ours to choose."""
    message = stream.make_message(mto=to, mbody=speakable(text), mtype="chat", mfrom=sender or None)
    message["id"] = stanza_id
    message["origin_id"]["id"] = stanza_id  # XEP-0359 §3.2
    if receipt:
        message["request_receipt"] = True  # XEP-0184 §5.1
        message.enable("markable")  # XEP-0333 §3.1
    message["chat_state"] = "active"  # XEP-0085 §5.1: with every message of a conversation
    return message


def offer_answers(message: Any, choices: Sequence[str]) -> None:
    """Buttons for the few clients that know them (XEP-0439 §3.1); the text names the words for all others."""
    for choice in choices:
        said = {"value": speakable(choice), "label": speakable(choice)}
        message.xml.append(ElementTree.Element(f"{{{QUICK}}}response", said))


def write_state(stream: Any, to: str, state: str, *, sender: str) -> Any:
    """A chat state alone (XEP-0085 §5.1); no archive is to keep it (XEP-0334 §4.3)."""
    message = stream.make_message(mto=to, mtype="chat", mfrom=sender)
    message["chat_state"] = state
    message.xml.append(ElementTree.Element("{urn:xmpp:hints}no-store"))
    return message


def write_file(stream: Any, to: str, url: str, file: FileData, stanza_id: str, *, sender: str = "") -> Any:
    """A message that shares a file: its address is the whole text and stands out of band (XEP-0066 §3), which is what
    clients show as a picture or a download; with its name, size and hash for those that know XEP-0385."""
    message = write_text(stream, to, url, stanza_id, sender=sender, receipt=True)
    message["oob"]["url"] = url
    message.xml.append(_describe(url, file))
    return message


def _describe(url: str, file: FileData) -> ElementTree.Element:
    reference = ElementTree.Element(f"{{{REFERENCE}}}reference", {"type": "data", "begin": "0", "end": str(len(url))})
    sharing = ElementTree.SubElement(reference, f"{{{SIMS}}}media-sharing")
    about = ElementTree.SubElement(sharing, f"{{{FILE}}}file")
    for name, value in (("media-type", file.type), ("name", file.name), ("size", str(len(file.data)))):
        ElementTree.SubElement(about, f"{{{FILE}}}{name}").text = speakable(value)
    digest = ElementTree.SubElement(about, f"{{{HASHES}}}hash", {"algo": "sha-256"})
    digest.text = base64.b64encode(hashlib.sha256(file.data).digest()).decode("ascii")
    sources = ElementTree.SubElement(sharing, f"{{{SIMS}}}sources")
    ElementTree.SubElement(sources, f"{{{REFERENCE}}}reference", {"type": "data", "uri": url})
    return reference


def speakable(text: str) -> str:
    """Without what XML 1.0 cannot hold (§2.2)."""
    return _UNSPEAKABLE.sub("", text)

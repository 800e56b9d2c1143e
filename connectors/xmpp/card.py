"""Visiting cards (XEP-0054): the bot's own, with a picture, and those of contacts for colleagues who ask."""

import base64
import hashlib
import struct
import xml.etree.ElementTree as ElementTree
import zlib
from functools import lru_cache
from typing import Any

import structlog
from slixmpp.exceptions import IqError, IqTimeout

from hub.ports.switchboard import Caller

log = structlog.get_logger()
VCARD = "vcard-temp"
BOT_NAME = "Fernamt"
SIDE = 64
PUBLISH_SECONDS = 10


def make_card(name: str, *, organisation: str = "", city: str = "", photo: bytes = b"") -> ElementTree.Element:
    """A vCard element (XEP-0054 §3)."""
    card = ElementTree.Element(f"{{{VCARD}}}vCard")
    ElementTree.SubElement(card, f"{{{VCARD}}}FN").text = name
    ElementTree.SubElement(card, f"{{{VCARD}}}NICKNAME").text = name
    if organisation:
        unit = ElementTree.SubElement(card, f"{{{VCARD}}}ORG")
        ElementTree.SubElement(unit, f"{{{VCARD}}}ORGNAME").text = organisation
    if city:
        place = ElementTree.SubElement(card, f"{{{VCARD}}}ADR")
        ElementTree.SubElement(place, f"{{{VCARD}}}LOCALITY").text = city
    if photo:
        picture = ElementTree.SubElement(card, f"{{{VCARD}}}PHOTO")
        ElementTree.SubElement(picture, f"{{{VCARD}}}TYPE").text = "image/png"
        ElementTree.SubElement(picture, f"{{{VCARD}}}BINVAL").text = base64.b64encode(photo).decode("ascii")
    return card


def card_of(caller: Caller) -> ElementTree.Element:
    """A contact's, with no more than a name, a company and a place: everything else is asked of the bot."""
    photo = picture_of(caller.contact_id)
    return make_card(caller.name, organisation=caller.organisation, city=caller.city, photo=photo)


def bot_card() -> ElementTree.Element:
    """The bot's."""
    return make_card(BOT_NAME, photo=picture_of(""))


def picture_of(contact_id: str) -> bytes:
    """A contact's picture: a disc in a colour of its own, so that lists are easier to read; the bot's for ''."""
    if not contact_id:
        return draw_disc((0x1F, 0x4E, 0x79))
    colour = hashlib.sha256(contact_id.encode()).digest()
    return draw_disc((64 + colour[0] // 2, 64 + colour[1] // 2, 64 + colour[2] // 2))


def announce_picture(presence: ElementTree.Element, picture: bytes) -> None:
    """By this clients know that there is a picture, and whether they have it (XEP-0153 §3.1)."""
    update = ElementTree.SubElement(presence, "{vcard-temp:x:update}x")
    digest = hashlib.sha1(picture, usedforsecurity=False)
    ElementTree.SubElement(update, "{vcard-temp:x:update}photo").text = digest.hexdigest()


@lru_cache(maxsize=512)
def draw_disc(colour: tuple[int, int, int]) -> bytes:
    """A PNG (64 by 64) of a disc with a hole, as a telephone's dial has; no drawing library is needed for that."""
    rows = bytearray()
    for y in range(SIDE):
        rows.append(0)
        for x in range(SIDE):
            distance = ((x - SIDE / 2 + 0.5) ** 2 + (y - SIDE / 2 + 0.5) ** 2) ** 0.5
            inside = 12 < distance < SIDE / 2 - 1
            rows += bytes((*colour, 255)) if inside else b"\xff\xff\xff\x00"
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


async def publish_card(client: Any, own: str) -> None:
    """Give the bot's account a name and a picture, unless somebody gave it one; never fails the session."""
    try:
        question = client.make_iq_get(ito=own)
        question.xml.append(ElementTree.Element(f"{{{VCARD}}}vCard"))
        try:
            answer = await question.send(timeout=PUBLISH_SECONDS)
            present = answer.xml.find(f"{{{VCARD}}}vCard")
            if present is not None and len(present):
                return
        except IqError as error:
            if error.condition != "item-not-found":
                return
        order = client.make_iq_set(ito=own)
        order.xml.append(bot_card())
        await order.send(timeout=PUBLISH_SECONDS)
    except (IqError, IqTimeout) as error:
        log.info("xmpp_card_not_published", condition=getattr(error, "condition", "timeout"))

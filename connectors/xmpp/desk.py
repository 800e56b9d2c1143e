"""Colleagues who write to a contact's address: their words become an answer to the contact, through the switchboard."""

import secrets
from typing import Any

import structlog

from connectors.xmpp.receipts import Receipts
from connectors.xmpp.reception import read_address, refuse
from connectors.xmpp.roster import ContactList
from connectors.xmpp.sharing import Sharing
from connectors.xmpp.stanza import (
    find_text,
    is_encrypted,
    read_links,
    read_reactions,
    read_relation,
    sender_id,
    strip_fallback,
)
from hub.domain.address import Address
from hub.domain.errors import StoreUnavailable
from hub.domain.facts import Relation
from hub.domain.ids import ContactId
from hub.domain.views import FileData
from hub.ports.switchboard import Relayed, Switchboard

log = structlog.get_logger()
TAKE_BACK = ("/zurück", "/zurueck", "/undo", "/back")
NOTE = ("/notiz ", "/note ")
MAX_FILES = 10
UNKNOWN_COMMAND = {
    "de": "Diesen Befehl gibt es hier nicht; nichts ist hinausgegangen. Es gibt /zurück und /notiz TEXT.",
    "en": "There is no such command here; nothing went out. There are /undo and /note TEXT.",
}
NO_FILE = {
    "de": "Die Datei ließ sich nicht holen; nichts ist hinausgegangen.",
    "en": "The file could not be fetched; nothing went out.",
}
ENCRYPTED = {
    "de": "Das war verschlüsselt (OMEMO); der Hub kann es nicht lesen, nichts ist hinausgegangen. Bitte die "
    "Verschlüsselung für diesen Kontakt ausschalten.",
    "en": "That was encrypted (OMEMO); the hub cannot read it, nothing went out. Please switch encryption off for this "
    "contact.",
}
NOT_CARRIED = {
    "de": "Reaktionen bleiben hier; der Kontakt sieht sie nicht.",
    "en": "Reactions stay here; the contact does not see them.",
}
LATER = {
    "de": "Der Speicher antwortet gerade nicht; bitte gleich noch einmal.",
    "en": "The store does not answer; please try again in a moment.",
}


class Desk:
    """Of one session of a component."""

    def __init__(self, switchboard: Switchboard, contacts: ContactList, receipts: Receipts, sharing: Sharing) -> None:
        self._switchboard, self._contacts = switchboard, contacts
        self._receipts, self._sharing = receipts, sharing

    async def take(self, message: Any, contact_id: ContactId) -> None:
        """One message to a contact's address. Somebody who is no colleague is answered as if there were no such
        address, whether or not there is (RFC 6121 §8.5.1)."""
        address = read_address(message["from"])
        if address is None or not self._switchboard.is_colleague(address):
            refuse(message, "service-unavailable", "cancel")
            return
        language = "de" if self._switchboard.language(address).startswith("de") else "en"
        try:
            result = await self._carry(message, address, contact_id, language)
        except StoreUnavailable as error:
            log.warning("xmpp_relay_not_kept", code=error.code)
            refuse(message, "resource-constraint", "wait", LATER[language])
            return
        if not result.accepted:
            refuse(message, "forbidden" if result.forbidden else "not-acceptable", "cancel", result.sentence)
            return
        # XEP-0184: only now that it is kept. What was done beside sending is said in words.
        self._receipts.owe(message)
        if result.sentence:
            self._answer(message, result.sentence)
        caller = await self._switchboard.caller(address, contact_id)
        if caller is not None:
            self._contacts.show(address, caller)

    async def _carry(self, message: Any, address: Address, contact_id: ContactId, language: str) -> Relayed:
        relation = read_relation(message.xml)
        # Without an id nobody could tell a repetition from the next message, so it is taken for the next one.
        key = _key(address, sender_id(message.xml) or secrets.token_hex(16))
        body = find_text(message.xml, "body")
        if is_encrypted(message.xml):
            return Relayed(accepted=False, sentence=ENCRYPTED[language])
        if relation is not None and relation[0] is Relation.RETRACTION:
            return await self._switchboard.take_back(address, _key(address, relation[1]))  # XEP-0424
        if relation is not None and relation[0] is Relation.REACTION:
            return Relayed(accepted=not read_reactions(message.xml), sentence=NOT_CARRIED[language])
        if relation is not None and relation[0] is Relation.CORRECTION:
            # XEP-0308: the earlier words are held back while they have not left; then the new ones go.
            held = await self._switchboard.take_back(address, _key(address, relation[1]))
            if not held.accepted:
                return held
        answers = ""
        if relation is not None and relation[0] is Relation.REPLY:
            # XEP-0461: what we told went out under its outbox id.
            answers, body = relation[1], strip_fallback(message.xml, body)
        if body.strip().lower() in TAKE_BACK:
            return await self._switchboard.take_back(address, "")
        for command in NOTE:
            if body.lower().startswith(command):
                return await self._switchboard.note(address, contact_id, body[len(command) :].strip(), key=key)
        if _looks_like_command(body):
            return Relayed(accepted=False, sentence=UNKNOWN_COMMAND[language])
        links = read_links(message.xml)
        files = await self._sharing.fetch_all(links)
        if len(files) < len(links):
            return Relayed(accepted=False, sentence=NO_FILE[language])
        text = "" if body.strip() in links else body
        carried = [FileData(name=file.name or "file", type=file.type, data=file.data) for file in files[:MAX_FILES]]
        return await self._switchboard.relay(address, contact_id, text, key=key, files=carried, answers=answers)

    def _answer(self, message: Any, text: str) -> None:
        reply = message.reply(clear=True)
        reply["type"], reply["body"] = "chat", text
        reply["from"], reply["to"] = message["to"], message["from"]
        reply.send()


def _key(address: Address, identifier: str) -> str:
    """The same words come under the same key, however often they are delivered."""
    return f"{address.key}#{identifier}"


def _looks_like_command(body: str) -> bool:
    """A slip of the pen must not reach a customer: `/ntoe he is angry`."""
    first = body.strip().split(maxsplit=1)[:1]
    return bool(first) and len(first[0]) > 1 and first[0][0] == "/" and first[0][1:].isalpha()

"""Reading ahead for a batch: everything that its decisions may ask of the store, in a few round trips."""

from collections.abc import Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Any

from hub.domain.contact import identity_id
from hub.domain.conversation import ConversationState
from hub.domain.interaction import message_reference_id
from hub.ports.kinds import CONVERSATIONS, OUTBOX
from hub.ports.store import Store
from hub.services.incoming import Incoming
from hub.services.sheet import Sheet, run_together
from hub.services.standing import SILENT
from hub.services.threading import SAME_SUBJECT, Clues, asks_subject

CANDIDATES = 5
MAX_RELATED = 5


async def load_sheet(store: Store, batch: Sequence[Incoming]) -> Sheet:
    """A sheet on which the batch can be decided. Raises StoreUnavailable."""
    sheet = Sheet(store)
    claims = _claims_of(batch)
    await run_together(
        sheet.identities.load(claims),
        sheet.references.load(_reference_ids(batch)),
        sheet.interactions.load(item.entry_id for item in batch),
        sheet.placements.load(item.entry_id for item in batch),
        sheet.tombstones.load(item.tombstone for item in batch),
    )
    await run_together(
        sheet.contacts.load(
            identity.contact_id for claim in claims if (identity := sheet.identities.get(claim)) is not None
        ),
        sheet.conversations.load(_conversation_ids(batch, sheet)),
        sheet.interactions.load(_earlier_entries(batch, sheet)),
    )
    await run_together(*_searches(store, batch, sheet))
    await sheet.contacts.load(_contacts_of_threads(batch, sheet))
    return sheet


def _claims_of(batch: Iterable[Incoming]) -> list[str]:
    claims = []
    for item in batch:
        if item.route.claim:
            claims.append(item.route.claim)
        claims.extend([identity_id(person.address) for person in item.route.others])
    return claims


def _reference_ids(batch: Iterable[Incoming]) -> list[str]:
    ids: list[str] = []
    for item in batch:
        if item.clues is not None:
            ids.extend(item.clues.ancestors.values())
            if item.clues.own_key:
                ids.append(item.clues.own_key)
            for _, order in item.clues.orders:
                ids.extend((order.order, order.mails))
            continue
        ids.extend((*item.sales, *item.orders.values()))
        names = (item.message.message_id, *item.message.related_to[:MAX_RELATED])
        ids.extend([message_reference_id(name) for name in names if name])
    return ids


def _conversation_ids(batch: Iterable[Incoming], sheet: Sheet) -> list[str]:
    ids: list[str] = []
    for item in batch:
        if placement := sheet.placements.get(item.entry_id):
            ids.append(placement.conversation_id)
        if item.clues is not None:
            ids.extend((*item.clues.tokens, *item.clues.quoted_tokens))
    found = (sheet.references.get(id) for id in _reference_ids(batch))
    ids.extend([reference.conversation_id for reference in found if reference is not None])
    return ids


def _earlier_entries(batch: Iterable[Incoming], sheet: Sheet) -> list[str]:
    """Entries known under the Message-ID of what we sent: to recognise our own."""
    ids: list[str] = []
    for item in batch:
        if item.outbound and item.clues is not None and item.clues.own_key:
            reference = sheet.references.get(item.clues.own_key)
            ids.extend(reference.interactions if reference is not None else ())
    return ids


def _contacts_of_threads(batch: Iterable[Incoming], sheet: Sheet) -> list[str]:
    """What has no sender that could be its contact is filed with the thread that it answers."""
    silent = [item for item in batch if item.route.person is None or item.sales or item.message.message_class in SILENT]
    found = (sheet.conversations.get(id) for id in _conversation_ids(silent, sheet))
    return [conversation.contact_id for conversation in found if conversation is not None]


def _searches(store: Store, batch: Iterable[Incoming], sheet: Sheet) -> list[Coroutine[Any, Any, None]]:
    """Pages, for the few rules that an id cannot answer; each one once."""
    search = _Search(store, sheet)
    for item in batch:
        for name in item.message.related_to[:MAX_RELATED] if item.clues is None else ():
            search.ask_sent(item.account.name, name)
        if item.route.problem or sheet.placements.get(item.entry_id) is not None:
            continue
        if item.clues is None:
            search.ask_peer(item)
        else:
            search.ask_number(item.clues.subject.number)
            search.ask_subject(item, item.clues)
    return list(search.questions.values())


class _Search:
    """Collects distinct pages to read."""

    def __init__(self, store: Store, sheet: Sheet) -> None:
        self._conversations, self._items = store.documents(CONVERSATIONS), store.documents(OUTBOX)
        self._sheet = sheet
        self.questions: dict[tuple[str, ...], Coroutine[Any, Any, None]] = {}

    def ask_peer(self, item: Incoming) -> None:
        """The newest conversation of a chat."""
        if item.route.person is not None:
            account, peer = item.account.name, item.route.person.address.key
            if ("peer", account, peer) not in self.questions:
                self.questions["peer", account, peer] = self._read_peer(account, peer)

    def ask_sent(self, account: str, name: str) -> None:
        """What we sent under the channel's own name, where no entry is known under it."""
        if self._sheet.references.get(message_reference_id(name)) is None and ("sent", name) not in self.questions:
            self.questions["sent", name] = self._read_sent(account, name)

    def ask_number(self, number: str) -> None:
        """The conversations of a number in a subject."""
        if number and ("number", number) not in self.questions:
            self.questions["number", number] = self._read_number(number)

    def ask_subject(self, item: Incoming, clues: Clues) -> None:
        """The newest open conversation of the same sender and subject, where nothing stronger was found."""
        person = item.route.person
        if person is None or self._sheet.identities.get(item.route.claim) is None:
            return
        if not asks_subject(item.message, clues) or self._is_answered(clues):
            return
        peer, subject = person.address.key, clues.subject.normal
        if ("subject", peer, subject) not in self.questions:
            self.questions["subject", peer, subject] = self._read_subject(peer, subject, item.record.received_at)

    def _is_answered(self, clues: Clues) -> bool:
        known = (self._sheet.references.get(key) for key in clues.ancestors.values())
        found = [reference.conversation_id for reference in known if reference is not None]
        found += [*clues.tokens, *clues.quoted_tokens]
        return any(self._sheet.conversations.get(id) is not None for id in found)

    async def _read_peer(self, account: str, peer: str) -> None:
        page = await self._conversations.page("by_peer", account, peer, limit=1, newest_first=True)
        for conversation in page.items:
            self._sheet.conversations.remember(conversation)
            self._sheet.by_peer[account, peer] = conversation.id

    async def _read_sent(self, account: str, name: str) -> None:
        for item in (await self._items.page("by_native", name, limit=CANDIDATES)).items:
            if item.account == account and item.entry_id is not None:
                self._sheet.sent[name] = item.entry_id

    async def _read_number(self, number: str) -> None:
        page = await self._conversations.page("by_number", number, limit=CANDIDATES)
        for conversation in page.items:
            self._sheet.conversations.remember(conversation)
            self._sheet.by_number.setdefault(number, []).append(conversation.id)

    async def _read_subject(self, peer: str, subject: str, at: datetime) -> None:
        page = await self._conversations.page(
            "by_subject", peer, subject, since=at - SAME_SUBJECT, limit=CANDIDATES, newest_first=True
        )
        for conversation in page.items:
            if conversation.state is ConversationState.OPEN and not conversation.deleted:
                self._sheet.conversations.remember(conversation)
                self._sheet.by_subject[peer, subject] = conversation.id
                return

"""Faxing to a contact: the number, the pages before they leave, whether the same went there shortly before, and the fax
itself, in a conversation with that number."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain.address import Address
from hub.domain.contact import Contact, Identity
from hub.domain.conversation import Conversation
from hub.domain.errors import Conflict, Invalid, NotFound, Unreadable
from hub.domain.ids import ContactId, InteractionId, derived_id, random_id
from hub.domain.message import Attachment, Participant, Strength
from hub.domain.outbox import OutboxItem, OutboxState, OutgoingContent, lane_of
from hub.domain.people import Actor, Right
from hub.domain.views import FaxDraft, FaxReceipt, FileData
from hub.ports.addresses import AddressForms
from hub.ports.clock import Clock
from hub.ports.connector import Account, Accounts, PreviewsPages
from hub.ports.kinds import CONTACTS, CONVERSATIONS, IDENTITIES, OUTBOX
from hub.ports.store import Store
from hub.services.audit import Audit
from hub.services.correspondence import Correspondence
from hub.services.merged import find_survivor
from hub.services.outgoing import FAX
from hub.services.replies import MAX_FILE_BYTES, MAX_FILES, MAX_TEXT

SHORTLY = timedelta(hours=1)
LOOK_BACK = 50
NO_CHANNEL = "No fax channel is set up."
NO_NUMBER = "This contact has no fax number."


class Faxes:
    """Implements FaxVerbs."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        accounts: Accounts,
        forms: AddressForms,
        letters: Correspondence,
        take_back_seconds: int = 20,
    ) -> None:
        self._contacts = store.documents(CONTACTS)
        self._identities = store.documents(IDENTITIES)
        self._conversations = store.documents(CONVERSATIONS)
        self._items = store.documents(OUTBOX)
        self._clock, self._audit, self._accounts = clock, audit, accounts
        self._forms, self._letters = forms, letters
        self._take_back = timedelta(seconds=take_back_seconds)

    async def draft(
        self, actor: Actor, contact_id: ContactId, text: str, *, files: Sequence[FileData] = (), number: str = ""
    ) -> FaxDraft:
        """See FaxVerbs."""
        self._audit.permit(actor, Right.WRITE_MESSAGES, "faxes.draft", contact_id)
        _check(text, files)
        draft = await self._draft(await self._contact(contact_id), text, files, number)
        await self._audit.seen(actor, "faxes.draft", contact_id)
        return draft

    async def _draft(self, contact: Contact, text: str, files: Sequence[FileData], number: str) -> FaxDraft:
        address = await self._number(contact, number)
        account = self._account()
        if account is None or address is None:
            problem = NO_NUMBER if account else NO_CHANNEL
            return FaxDraft(contact_id=contact.id, contact_name=contact.name, problem=problem)
        draft = FaxDraft(
            contact_id=contact.id,
            contact_name=contact.name,
            account=account.name,
            number=address,
            can_send=True,
            repeated_at=await self._sent_shortly(account, address, text, files),
        )
        connector: object = self._accounts.connector(account.name)
        if not isinstance(connector, PreviewsPages):
            return draft
        content = _content(contact, address, text, files)
        try:
            shown = await connector.preview(content, address.normal, tuple(file.data for file in files))
        except Unreadable as error:
            raise Invalid(error.sentence, field="files") from error
        return replace(draft, pages=shown.pages, cover=shown.cover, pictures=shown.pictures)

    async def send(
        self,
        actor: Actor,
        contact_id: ContactId,
        text: str,
        *,
        files: Sequence[FileData] = (),
        number: str = "",
        again: bool = False,
        key: str = "",
    ) -> FaxReceipt:
        """See FaxVerbs."""
        self._audit.permit(actor, Right.WRITE_MESSAGES, "faxes.send", contact_id)
        _check(text, files)
        entry_id = InteractionId(derived_id("i", "fax", actor.id, key) if key else random_id("i"))
        contact = await self._contact(contact_id)
        address, account = await self._number(contact, number), self._account()
        if account is None or address is None:
            raise Conflict(NO_NUMBER if account else NO_CHANNEL, contact=contact_id)
        item = await self._letters.write_to(
            contact,
            account,
            address,
            await self._conversation(contact, account, address),
            text.strip(),
            entry_id=entry_id,
            files=files,
            author=actor.user_id,
            due_at=self._clock.now() + self._take_back,
            wanted_again=again,
        )
        await self._audit.record(actor, "faxes.send", contact_id, detail=entry_id)
        return FaxReceipt(entry_id=entry_id, items=(item.id,), leaves_at=item.due_at, number=address)

    async def _contact(self, contact_id: ContactId) -> Contact:
        contact = await find_survivor(self._contacts, contact_id)
        if contact is None:
            raise NotFound("There is no such contact.", id=contact_id)
        return contact

    def _account(self) -> Account | None:
        return next((one for one in self._accounts.all() if one.channel == FAX and one.can_send), None)

    async def _number(self, contact: Contact, written: str) -> Address | None:
        """The number that was said; else the contact's that we know best."""
        if written:
            return self._forms.normalise(FAX, written)
        held: list[Identity] = []
        for member in (contact.id, *contact.members)[:50]:
            held += (await self._identities.page("by_contact", member)).items
        numbers = [one for one in held if one.address.channel == FAX and one.address.normal.startswith("+")]
        numbers.sort(key=lambda one: (one.strength is not Strength.VERIFIED, one.source.startswith("arrival:")))
        return numbers[0].address if numbers else None

    async def _conversation(self, contact: Contact, account: Account, address: Address) -> Conversation | None:
        for member in (contact.id, *contact.members)[:50]:
            page = await self._conversations.page("by_contact", member, limit=LOOK_BACK, newest_first=True)
            for one in page.items:
                if one.account == account.name and one.peer_key == address.key and not one.deleted:
                    return one
        return None

    async def _sent_shortly(
        self, account: Account, address: Address, text: str, files: Sequence[FileData]
    ) -> datetime | None:
        """When the same went to this number within the last hour, or is about to."""
        hashes = [hashlib.sha256(file.data).hexdigest() for file in files]
        since, lane = self._clock.now() - SHORTLY, lane_of(account.name, address)
        for state in (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.SENT, OutboxState.DELIVERED):
            page = await self._items.page("by_lane", lane, state, limit=LOOK_BACK, newest_first=True)
            for item in page.items:
                if item.created_at > since and _same(item, text, hashes):
                    return item.created_at
        return None


def _same(item: OutboxItem, text: str, hashes: Sequence[str]) -> bool:
    content = item.content
    return content.text == text.strip() and [part.sha256 for part in content.attachments] == list(hashes)


def _content(contact: Contact, address: Address, text: str, files: Sequence[FileData]) -> OutgoingContent:
    parts = tuple(
        Attachment(index=index, name=file.name[:255], type=file.type, size=len(file.data), sha256="")
        for index, file in enumerate(files)
    )
    return OutgoingContent(text=text.strip(), attachments=parts, to=(Participant(address=address, name=contact.name),))


def _check(text: str, files: Sequence[FileData]) -> None:
    if not text.strip() and not files:
        raise Invalid("A fax needs a text or a file.", field="text")
    if len(text) > MAX_TEXT:
        raise Invalid(f"A fax has at most {MAX_TEXT} characters of text.", field="text", length=len(text))
    if len(files) > MAX_FILES or sum(len(file.data) for file in files) > MAX_FILE_BYTES:
        raise Invalid(f"At most {MAX_FILES} files, together at most {MAX_FILE_BYTES // 2**20} MiB.", field="files")

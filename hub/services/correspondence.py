"""Messages to a contact that no person typed: payment reminders, invitations, reminders of appointments.

Where to: the newest conversation with the contact whose peer is an address that we may trust with the contact's own
affairs (verified, or entered or imported by us); where there is none, a new conversation with a trusted mail address.
Never to an address that was only ever claimed by a message. What is sent joins the thread (AC-20), and exists once:
every id is derived from the caller's key.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain.address import Address
from hub.domain.contact import Contact, Identity
from hub.domain.conversation import Conversation, conversation_number
from hub.domain.errors import NotFound
from hub.domain.ids import ContactId, ConversationId, InteractionId, OutboxId, UserId, derived_id, with_prefix
from hub.domain.interaction import Interaction, InteractionKind, message_reference_id
from hub.domain.message import Participant, ParticipantRole, Strength
from hub.domain.outbox import WANTED_AGAIN, OutboxItem, OutgoingContent, Purpose, lane_of
from hub.domain.subject import read_subject
from hub.domain.token import make_message_id
from hub.domain.views import FileData
from hub.ports.clock import Clock
from hub.ports.connector import Account, Accounts
from hub.ports.kinds import CONTACTS, CONVERSATIONS, IDENTITIES, INTERACTIONS, PLACEMENTS
from hub.ports.store import Store
from hub.services.attempts import LIFETIME
from hub.services.enclosures import Enclosures
from hub.services.merged import find_survivor
from hub.services.outbox import Outbox
from hub.services.outgoing import OutgoingEntries
from hub.services.recipients import answer_subject
from hub.services.standing import last_words
from hub.services.suppressions import Suppressions

MAIL = "email"
LOOK_BACK = 20
MAX_REFERENCES = 20
OWN_SOURCES = ("user:", "import", "seed")
"""Sources of an identity that are our own word."""


def trusted(identity: Identity) -> bool:
    """Whether the contact's own affairs may be sent to this address."""
    return identity.strength is Strength.VERIFIED or identity.source.startswith(OWN_SOURCES)


class Correspondence:
    """Writes to contacts. `secret` signs the token in our Message-IDs, `hostname` is their domain at need."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        accounts: Accounts,
        outbox: Outbox,
        entries: OutgoingEntries,
        suppressions: Suppressions,
        secret: bytes,
        hostname: str,
        lifetime: timedelta = LIFETIME,
        enclosures: Enclosures | None = None,
    ) -> None:
        self._store, self._clock, self._accounts = store, clock, accounts
        self._outbox, self._entries, self._suppressions = outbox, entries, suppressions
        self._secret, self._hostname, self._lifetime = secret, hostname, lifetime
        self._enclosures = enclosures or Enclosures(store.blobs)
        self._contacts = store.documents(CONTACTS)
        self._identities = store.documents(IDENTITIES)
        self._conversations = store.documents(CONVERSATIONS)

    async def find_way(self, contact_id: ContactId, *, mail_only: bool = False) -> tuple[str, Address] | None:
        """(account, address) that a message would take now; None where there is none."""
        found = await self._find(await self._contact(contact_id), mail_only=mail_only)
        return (found[0].name, found[1]) if found else None

    async def say(
        self,
        contact_id: ContactId,
        text: str,
        *,
        subject: str,
        key: str,
        files: Sequence[FileData] = (),
        purpose: Purpose = Purpose.LETTER,
        mail_only: bool = False,
        if_wanted: bool = False,
    ) -> OutboxItem | None:
        """Submit it once for this key; None where the contact cannot be reached. `if_wanted`: nothing goes to a contact
        that wants no automatic messages. Raises NotFound, StoreUnavailable."""
        entry_id = InteractionId(derived_id("i", "letter", contact_id, key))
        earlier = await self._outbox.find_entry_items(entry_id)
        if earlier:
            item = earlier[0]
        else:
            contact = await self._contact(contact_id)
            if if_wanted and not contact.automatic:
                return None
            found = await self._find(contact, mail_only=mail_only)
            if found is None:
                return None
            item = await self._compose(contact, *found, text, subject, entry_id, files, purpose)
        return (await self._outbox.submit([item], self._entries.build(item)))[0]

    async def write_to(
        self,
        contact: Contact,
        account: Account,
        address: Address,
        conversation: Conversation | None,
        text: str,
        *,
        entry_id: InteractionId,
        author: UserId | None,
        due_at: datetime,
        files: Sequence[FileData] = (),
        wanted_again: bool = False,
    ) -> OutboxItem:
        """Submit a colleague's words to this address, once for this entry; begins a conversation where none is given.
        `wanted_again`: although the same went there before. Raises StoreUnavailable."""
        earlier = await self._outbox.find_entry_items(entry_id)
        if earlier:
            item = earlier[0]
        else:
            fresh = await self._compose(
                contact, account, address, conversation, text, "", entry_id, files, Purpose.REPLY
            )
            cause = WANTED_AGAIN if wanted_again else ""
            give_up_at = due_at + self._lifetime
            item = replace(fresh, author=author, due_at=due_at, give_up_at=give_up_at, cause=cause)
        return (await self._outbox.submit([item], self._entries.build(item)))[0]

    async def answer(
        self,
        entry: Interaction,
        conversation: Conversation,
        contact: Contact,
        text: str,
        *,
        reason: str,
        language: str,
        files: Sequence[FileData] = (),
        choices: tuple[str, ...] = (),
    ) -> OutboxItem | None:
        """Submit an automatic answer to whoever wrote `entry`, and to nobody else (never Reply-To, RFC 3834 §4): once
        for each reason. None where the account cannot send. Raises StoreUnavailable."""
        account = self._accounts.get(conversation.account)
        if account is None or not account.can_send or entry.sender is None:
            return None
        entry_id = InteractionId(derived_id("i", "automatic", entry.id, reason))
        earlier = await self._outbox.find_entry_items(entry_id)
        if earlier:
            item = earlier[0]
        else:
            subject = answer_subject(entry.subject or conversation.subject, language)
            item = await self._compose(
                contact, account, entry.sender.address, conversation, text, subject, entry_id, files, Purpose.AUTOMATIC
            )
            references = tuple(dict.fromkeys((*item.content.references, entry.message_id)))[-MAX_REFERENCES:]
            mail = account.channel == MAIL and bool(entry.message_id)
            content = replace(
                item.content,
                in_reply_to=entry.message_id if mail else "",
                references=references if mail else (),
                to=(replace(entry.sender, role=ParticipantRole.TO),),
                choices=choices,
            )
            item = replace(item, content=content, cause=entry.id)
        return (await self._outbox.submit([item], self._entries.build(item)))[0]

    async def _contact(self, contact_id: ContactId) -> Contact:
        contact = await find_survivor(self._contacts, contact_id)
        if contact is None:
            raise NotFound("There is no such contact.", id=contact_id)
        return contact

    async def _find(self, contact: Contact, *, mail_only: bool) -> tuple[Account, Address, Conversation | None] | None:
        members = (contact.id, *contact.members)[:50]
        identities: list[Identity] = []
        conversations: list[Conversation] = []
        for member in members:
            identities += [i for i in (await self._identities.page("by_contact", member)).items if trusted(i)]
            page = await self._conversations.page("by_contact", member, limit=LOOK_BACK, newest_first=True)
            conversations += [c for c in page.items if not c.deleted]
        addresses = {identity.address.key for identity in identities}
        listed = await self._suppressions.find_all([identity.address for identity in identities])
        blocked = {address.key for address in listed}
        # Where the contact would like to be written to, else where they wrote last.
        order = sorted(conversations, key=lambda c: c.last_at, reverse=True)
        for conversation in sorted(order, key=lambda c: c.channel != contact.preferred_channel):
            account = self._accounts.get(conversation.account)
            fits = conversation.peer_key in addresses and conversation.peer_key not in blocked
            if fits and account is not None and account.can_send and (not mail_only or account.channel == MAIL):
                return account, conversation.peer, conversation
        for identity in sorted(identities, key=lambda i: i.strength is not Strength.VERIFIED):
            if identity.address.channel == MAIL and identity.address.key not in blocked:
                sender = next((a for a in self._accounts.all() if a.channel == MAIL and a.can_send), None)
                if sender is not None:
                    return sender, identity.address, None
        return None

    async def _compose(
        self,
        contact: Contact,
        account: Account,
        address: Address,
        conversation: Conversation | None,
        text: str,
        subject: str,
        entry_id: InteractionId,
        files: Sequence[FileData],
        purpose: Purpose,
    ) -> OutboxItem:
        now, item_id = self._clock.now(), OutboxId(with_prefix("o", entry_id))
        mail = account.channel == MAIL
        if conversation is None:
            conversation = await self._open(contact, account, address, subject, text, entry_id)
        references = await self._references(conversation) if mail else ()
        message_id = str(item_id)
        if mail:
            domain = account.message_domain or self._hostname
            message_id = make_message_id(self._secret, conversation.id, domain, now=now, nonce=item_id.encode("ascii"))
        recipient = Participant(address=address, name=contact.name, role=ParticipantRole.TO)
        enclosed = await self._enclosures.enclose(
            account, text, files, contact_id=contact.id, entry_id=entry_id, language=contact.language
        )
        content = OutgoingContent(
            subject=subject if mail else "",
            text=enclosed.text if files else text,
            attachments=enclosed.attachments,
            message_id=message_id,
            in_reply_to=references[-1] if references else "",
            references=references,
            to=(recipient,),
            language=contact.language,
        )
        return OutboxItem(
            id=item_id,
            account=account.name,
            channel=account.channel,
            recipient=address,
            lane=lane_of(account.name, address),
            purpose=purpose,
            content=content,
            due_at=now,
            created_at=now,
            give_up_at=now + self._lifetime,
            contact_id=conversation.contact_id,
            conversation_id=conversation.id,
            entry_id=entry_id,
            cause="",
            message_key=message_reference_id(message_id),
        )

    async def _open(
        self, contact: Contact, account: Account, address: Address, subject: str, text: str, entry_id: InteractionId
    ) -> Conversation:
        """A conversation that we begin: under an id derived from its first entry, so that a repeat finds it."""
        now, line = self._clock.now(), read_subject(subject)
        conversation_id = ConversationId(with_prefix("v", entry_id))
        fresh = Conversation(
            id=conversation_id,
            contact_id=contact.id,
            channel=account.channel,
            account=account.name,
            peer=address,
            peer_key=address.key,
            subject=line.bare[:1000],
            normal_subject=line.normal,
            number=conversation_number(conversation_id),
            created_at=now,
            last_at=now,
            last_interaction=entry_id,
            last_text=last_words(text),
            participants=(address.key,),
        )
        await self._conversations.insert(fresh)
        return fresh

    async def _references(self, conversation: Conversation) -> tuple[str, ...]:
        """RFC 5322 §3.6.4: the ancestors, oldest first."""
        placements = await self._store.documents(PLACEMENTS).page(
            "by_conversation", conversation.id, limit=LOOK_BACK, newest_first=True
        )
        known = await self._store.documents(INTERACTIONS).get_many([placement.id for placement in placements.items])
        messages = [known[p.id] for p in placements.items if p.id in known]
        ids = [m.message_id for m in messages if m.kind is InteractionKind.MESSAGE and m.message_id]
        return tuple(dict.fromkeys(ids[::-1]))[-MAX_REFERENCES:]

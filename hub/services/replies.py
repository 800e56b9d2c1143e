"""Answering: the conversation that is meant, the draft before anyone presses send, and the answer itself. The other
verbs of conversations are in hub/services/conversations.py."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hub.domain.address import Address
from hub.domain.contact import Contact, ContactRole, identity_id
from hub.domain.conversation import Conversation
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.ids import ContactId, ConversationId, InteractionId, OutboxId, derived_id, random_id, with_prefix
from hub.domain.interaction import Direction, Interaction, message_reference_id
from hub.domain.message import MessageClass, Participant
from hub.domain.outbox import OutboxItem, OutboxState, OutgoingContent, Purpose, lane_of
from hub.domain.people import Actor, Right
from hub.domain.token import make_message_id
from hub.domain.views import FileData, ReplyDraft, ReplyReceipt
from hub.ports.clock import Clock
from hub.ports.connector import Accounts, LinkState
from hub.ports.kinds import CONTACTS, CONVERSATIONS, IDENTITIES, INTERACTIONS, OUTBOX, PLACEMENTS
from hub.ports.store import Store
from hub.services.attempts import LIFETIME
from hub.services.audit import Audit
from hub.services.enclosures import Enclosures
from hub.services.outbox import Outbox
from hub.services.outgoing import OutgoingEntries, fan_out
from hub.services.recipients import Addressing, address_answer, answer_subject
from hub.services.standing import WRITTEN
from hub.services.suppressions import Suppressions

MAIL = "email"
"""The address form whose messages carry Message-ID, In-Reply-To and References; elsewhere the id is the stanza's."""
MAX_TEXT = 32_768
MAX_FILES = 20
MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_REFERENCES = 20
PARTNERS = frozenset({ContactRole.SUPPLIER, ContactRole.WHOLESALER, ContactRole.PARTNER})
LOOK_BACK = 50
"""Entries of a conversation that are looked at for what is being answered."""

CANNOT_SEND = "This channel is not set up for sending; the answer waits until it is."
LINK_DOWN = "The connection of this channel is down at the moment; the answer waits until it is back."
ON_SUPPRESSION_LIST = "This address is on the suppression list; an earlier message to it could not be delivered."
OTHER_ANSWERS = "Another colleague's answer in this conversation is about to leave."
MIXES = "Customers and business partners are both among the recipients."
OTHER_OWNS = "Another colleague is in charge of this conversation."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Thread:
    """What an answer is made from."""

    conversation: Conversation
    contact: Contact
    answered: Interaction | None
    references: tuple[str, ...]


class Replies:
    """`answerable`, `draft` and `reply` of ConversationVerbs. `owns` knows our own addresses; `secret` signs the token
    in our Message-IDs; `hostname` is their domain where an account has none."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        accounts: Accounts,
        outbox: Outbox,
        entries: OutgoingEntries,
        suppressions: Suppressions,
        audit: Audit,
        owns: Callable[[Address], bool],
        secret: bytes,
        hostname: str,
        take_back_seconds: int = 20,
        lifetime: timedelta = LIFETIME,
        enclosures: Enclosures | None = None,
    ) -> None:
        self._conversations = store.documents(CONVERSATIONS)
        self._contacts = store.documents(CONTACTS)
        self._identities = store.documents(IDENTITIES)
        self._placements = store.documents(PLACEMENTS)
        self._interactions = store.documents(INTERACTIONS)
        self._items = store.documents(OUTBOX)
        self._enclosures = enclosures or Enclosures(store.blobs)
        self._clock, self._accounts, self._outbox, self._entries = clock, accounts, outbox, entries
        self._suppressions, self._audit, self._owns = suppressions, audit, owns
        self._secret, self._hostname, self._take_back = secret, hostname, take_back_seconds
        self._lifetime = lifetime

    # Which conversation

    async def answerable(self, actor: Actor, contact_id: ContactId) -> Conversation:
        """See ConversationVerbs. Those of the members of a merged contact count too; where nobody waits, one on a
        channel that can send comes before a newer one, such as a shop's, that cannot."""
        self._audit.permit(actor, Right.READ_CONTACTS, "conversations.answerable", contact_id)
        contact = await self._contacts.get(contact_id)
        if contact is None:
            raise NotFound("There is no such contact.", id=contact_id)
        found: list[Conversation] = []
        for member in (contact.id, *contact.members):
            page = await self._conversations.page("by_contact", member, limit=100, newest_first=True)
            found += [conversation for conversation in page.items if not conversation.deleted]
        await self._audit.seen(actor, "conversations.answerable", contact_id)
        if not found:
            raise NotFound("There is no conversation with this contact that could be answered.", id=contact_id)
        waiting = [(c.waiting_since, c.id, c) for c in found if c.waiting_since is not None]
        if waiting:
            return min(waiting)[2]
        return max(found, key=lambda one: (self._can_send(one), one.last_at, one.id))

    def _can_send(self, conversation: Conversation) -> bool:
        account = self._accounts.get(conversation.account)
        return account is not None and account.can_send

    # The draft

    async def draft(self, actor: Actor, conversation_id: ConversationId) -> ReplyDraft:
        """See ConversationVerbs."""
        self._audit.permit(actor, Right.WRITE_MESSAGES, "conversations.draft", conversation_id)
        draft = await self._draft(actor, await self._load(conversation_id))
        await self._audit.seen(actor, "conversations.draft", conversation_id)
        return draft

    async def _load(self, conversation_id: ConversationId) -> _Thread:
        conversation = await self._conversations.get(conversation_id)
        contact = await self._contacts.get(conversation.contact_id) if conversation else None
        if conversation is None or conversation.deleted or contact is None:
            raise NotFound("There is no such conversation.", id=conversation_id)
        placements = await self._placements.page("by_conversation", conversation.id, limit=LOOK_BACK, newest_first=True)
        known = await self._interactions.get_many([placement.id for placement in placements.items])
        newest_first = [known[placement.id] for placement in placements.items if placement.id in known]
        messages = [entry for entry in newest_first if entry.kind in WRITTEN]
        answered = _choose(messages)
        references: list[str] = []
        if answered is not None:
            # RFC 5322 §3.6.4: the ancestors, oldest first, then the message answered.
            earlier = messages[messages.index(answered) + 1 :][::-1]
            references = [entry.message_id for entry in (*earlier, answered) if entry.message_id]
        return _Thread(
            conversation=conversation,
            contact=contact,
            answered=answered,
            references=tuple(dict.fromkeys(references))[-MAX_REFERENCES:],
        )

    def _address(self, thread: _Thread) -> Addressing:
        peer = Participant(address=thread.conversation.peer, name=thread.contact.name)
        if thread.answered is None or thread.conversation.channel != MAIL:
            return Addressing(to=(peer,))
        addressing = address_answer(thread.answered, self._owns)
        return addressing if addressing.to else replace(addressing, to=(peer,), added=(peer.address,))

    async def _draft(self, actor: Actor, thread: _Thread) -> ReplyDraft:
        conversation, addressing = thread.conversation, self._address(thread)
        subject = ""
        if conversation.channel == MAIL:
            original = thread.answered.subject if thread.answered else conversation.subject
            subject = answer_subject(original, thread.contact.language or actor.language)
        can_send, problem = await self._find_problem(actor, conversation, addressing)
        return ReplyDraft(
            conversation=conversation,
            contact_name=thread.contact.name,
            channel=conversation.channel,
            account=conversation.account,
            subject=subject,
            to=addressing.to,
            cc=addressing.cc,
            added=addressing.added,
            dropped=addressing.dropped,
            can_send=can_send,
            problem=problem,
            take_back_seconds=self._take_back,
        )

    async def _find_problem(self, actor: Actor, conversation: Conversation, addressing: Addressing) -> tuple[bool, str]:
        account = self._accounts.get(conversation.account)
        if account is None or not account.can_send:
            return False, CANNOT_SEND
        people = (*addressing.to, *addressing.cc)
        if await self._suppressions.find_all([person.address for person in people]):
            return False, ON_SUPPRESSION_LIST
        if await self._mixes([person.address for person in people]):
            return True, MIXES
        lane = lane_of(conversation.account, addressing.to[0].address)
        for state in (OutboxState.QUEUED, OutboxState.SENDING):
            page = await self._items.page("by_lane", lane, state, limit=50)
            if any(i.conversation_id == conversation.id and i.author not in (None, actor.user_id) for i in page.items):
                return True, OTHER_ANSWERS
        if conversation.owner_user not in (None, actor.user_id):
            return True, OTHER_OWNS
        if self._accounts.link(conversation.account)[0] is not LinkState.UP:
            return True, LINK_DOWN
        return True, ""

    async def _mixes(self, addresses: Sequence[Address]) -> bool:
        """Whether a customer would read what goes to a supplier or partner, or the other way about."""
        if len(addresses) < 2:
            return False
        held = await self._identities.get_many([identity_id(address) for address in addresses])
        found = await self._contacts.get_many(list({identity.contact_id for identity in held.values()})) if held else {}
        customers = {contact.id for contact in found.values() if ContactRole.CUSTOMER in contact.roles}
        partners = {contact.id for contact in found.values() if PARTNERS & set(contact.roles)}
        return bool(customers and partners and len(customers | partners) > 1)

    # The answer

    async def reply(
        self,
        actor: Actor,
        conversation_id: ConversationId,
        text: str,
        *,
        key: str = "",
        files: Sequence[FileData] = (),
        immediately: bool = False,
    ) -> ReplyReceipt:
        """See ConversationVerbs. Who answers takes a conversation over that nobody was in charge of."""
        self._audit.permit(actor, Right.WRITE_MESSAGES, "conversations.reply", conversation_id)
        entry_id = InteractionId(derived_id("i", "reply", actor.id, key) if key else random_id("i"))
        thread = await self._load(conversation_id)
        draft = await self._draft(actor, thread)
        earlier = await self._outbox.find_entry_items(entry_id) if key else []
        if earlier and earlier[0].conversation_id != conversation_id:
            raise Conflict(
                "This key was used for another conversation.",
                key=key,
                conversation=earlier[0].conversation_id,
                contact=earlier[0].contact_id,
            )
        if earlier:
            first = earlier[0]
        else:
            _check(text, files)
            first = await self._compose(actor, thread, draft, text, entry_id, files, immediately=immediately)
        items = fan_out(first)
        entry = self._entries.build(items[0])
        accepted = await self._outbox.submit(items, entry)
        await self._audit.record(actor, "conversations.reply", conversation_id, detail=entry_id)
        return ReplyReceipt(
            entry_id=entry_id,
            items=tuple(item.id for item in accepted),
            leaves_at=accepted[0].due_at,
            draft=draft,
        )

    async def _compose(
        self,
        actor: Actor,
        thread: _Thread,
        draft: ReplyDraft,
        text: str,
        entry_id: InteractionId,
        files: Sequence[FileData],
        *,
        immediately: bool,
    ) -> OutboxItem:
        now, item_id = self._clock.now(), OutboxId(with_prefix("o", entry_id))
        message_id = self._message_id(thread.conversation, item_id)
        mail = thread.conversation.channel == MAIL
        enclosed = await self._enclosures.enclose(
            self._accounts.get(draft.account),
            text,
            files,
            contact_id=thread.contact.id,
            entry_id=entry_id,
            language=thread.contact.language or actor.language,
        )
        content = OutgoingContent(
            subject=draft.subject,
            text=enclosed.text,
            attachments=enclosed.attachments,
            message_id=message_id,
            in_reply_to=thread.answered.message_id if thread.answered else "",
            references=thread.references if mail else (),
            to=draft.to,
            cc=draft.cc,
            language=thread.contact.language,
        )
        due = now if immediately else now + timedelta(seconds=self._take_back)
        recipient = draft.to[0].address
        return OutboxItem(
            id=item_id,
            account=draft.account,
            channel=draft.channel,
            recipient=recipient,
            lane=lane_of(draft.account, recipient),
            purpose=Purpose.REPLY,
            content=content,
            due_at=due,
            created_at=now,
            give_up_at=due + self._lifetime,
            contact_id=thread.conversation.contact_id,
            conversation_id=thread.conversation.id,
            entry_id=entry_id,
            author=actor.user_id,
            cause=thread.answered.id if thread.answered else "",
            message_key=message_reference_id(message_id),
        )

    def _message_id(self, conversation: Conversation, item_id: OutboxId) -> str:
        if conversation.channel != MAIL:
            return item_id
        account = self._accounts.get(conversation.account)
        domain = (account.message_domain if account else "") or self._hostname
        return make_message_id(
            self._secret, conversation.id, domain, now=self._clock.now(), nonce=item_id.encode("ascii")
        )


def _choose(messages: Sequence[Interaction]) -> Interaction | None:
    """What is being answered, of a conversation's messages, newest first: what a person last wrote to us; else what
    came last; else our own last message."""
    inbound = [entry for entry in messages if entry.direction is Direction.INBOUND]
    human = [entry for entry in inbound if entry.message_class is MessageClass.HUMAN]
    for choice in (human, inbound, messages):
        if choice:
            return choice[0]
    return None


def _check(text: str, files: Sequence[FileData]) -> None:
    if not text.strip() and not files:
        raise Invalid("A reply needs a text.", field="text")
    if len(text) > MAX_TEXT:
        raise Invalid(f"A reply has at most {MAX_TEXT} characters.", field="text", length=len(text))
    if len(files) > MAX_FILES or sum(len(file.data) for file in files) > MAX_FILE_BYTES:
        raise Invalid(f"At most {MAX_FILES} files, together at most {MAX_FILE_BYTES // 2**20} MiB.", field="files")

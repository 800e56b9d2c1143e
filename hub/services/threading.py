"""Threading: which conversation a message belongs to. First hit of the table wins; the evidence and the confidence are
stored with the entry and shown. 0.8 and more joins, 0.5 to 0.8 joins with "please check", less opens a conversation of
its own with a suggestion.

| # | evidence | confidence |
|---|---|---|
| 1 | our token in a recipient address or in a Message-ID that it answers | 1.0 |
| 2 | our token in the quoted body | 0.95 |
| 3 | an id of In-Reply-To or References, newest first, known as a message or as an alias | 0.9 or 0.5 (see below) |
| 4 | the number of a shop's order, of the same contact, that an earlier mail named too | 0.8 or 0.3 |
| 5 | `[#number]` in the subject | 0.8 or 0.3 |
| 6 | the same subject from the same sender, in an open conversation younger than 14 days | 0.5 |

The higher one counts where the sender is a participant or of a participant's company. A forward joins only by 1 and 2.
Row 4: the order's own entries are the shop's, where nobody can be answered; mails about it meet in a conversation of
their own. From others than the order's contact such a number is a mention.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from hub.domain.address import Address
from hub.domain.conversation import Conversation, ConversationState, Evidence
from hub.domain.freemail import FREE_MAIL
from hub.domain.ids import ContactId, ConversationId, derived_id
from hub.domain.interaction import message_reference_id
from hub.domain.message import Message, MessageClass
from hub.domain.sale import order_reference_id
from hub.domain.subject import SubjectLine
from hub.domain.token import read_tokens
from hub.services.sheet import Sheet

JOINS = 0.5
CERTAIN = 0.8
SAME_SUBJECT = timedelta(days=14)
CHAT_SILENCE = timedelta(hours=24)
ORDER_NUMBER = re.compile(r"(?<![\w@./-])#?([A-Za-z0-9][A-Za-z0-9/_-]{2,29})(?![\w@-])")
ORDER_TEXT, MAX_NUMBERS, MAX_SHOPS = 4_000, 10, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Where it belongs. `conversation` None: it opens one of its own."""

    conversation: Conversation | None = None
    evidence: Evidence = Evidence.NONE
    confidence: float = 1.0
    detail: str = ""
    suggestion: ConversationId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderKeys:
    """Where to look for an order: its own entries', and the mails' about it."""

    order: str
    mails: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What a message offers to threading, read once."""

    tokens: tuple[ConversationId, ...] = ()
    """By rule 1."""
    quoted_tokens: tuple[ConversationId, ...] = ()
    ancestors: dict[str, str] = field(default_factory=dict)
    """Message-IDs that it answers, nearest first, with their keys (`message_reference_id`)."""
    own_key: str = ""
    """The key of its own Message-ID, '' where it has none."""
    subject: SubjectLine
    forward: bool = False
    orders: tuple[tuple[str, OrderKeys], ...] = ()
    """What may be numbers of orders, with their keys."""


def read_clues(
    message: Message, subject: SubjectLine, secret: bytes, now: datetime, shops: Sequence[str] = ()
) -> Clues:
    """The clues of a mail. `shops`: whose order numbers count."""
    ancestors = [*message.in_reply_to, *reversed(message.references)]
    if message.bounced_message_id:
        ancestors.insert(0, message.bounced_message_id)
    places = [*ancestors, *(address.normal for address in message.delivered_to)]
    return Clues(
        tokens=_tokens(secret, places, now),
        quoted_tokens=_tokens(secret, message.quoted_ids, now),
        ancestors={id: message_reference_id(id) for id in ancestors},
        own_key=message_reference_id(message.message_id) if message.message_id else "",
        subject=subject,
        forward=message.forwarded or subject.forward,
        orders=tuple(_read_orders(message, shops)) if shops else (),
    )


def _read_orders(message: Message, shops: Sequence[str]) -> Iterator[tuple[str, OrderKeys]]:
    text = f"{message.content.subject}\n{(message.content.reply_text or message.content.text)[:ORDER_TEXT]}"
    numbers = (match[1] for match in ORDER_NUMBER.finditer(text) if sum(sign.isdigit() for sign in match[1]) >= 3)
    for number in islice(dict.fromkeys(numbers), MAX_NUMBERS):
        for shop in shops[:MAX_SHOPS]:
            key = order_reference_id(shop, number)
            yield number, OrderKeys(order=key, mails=derived_id("m", "mails", key))


def _tokens(secret: bytes, texts: Iterable[str], now: datetime) -> tuple[ConversationId, ...]:
    candidates = [text for text in texts if "f1." in text or "F1." in text]
    return tuple(read_tokens(secret, "\n".join(candidates), now=now)) if candidates else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who wrote the message, as far as joining is concerned."""

    address: Address | None
    """Of the contact's side."""
    contact: ContactId | None = None
    trusted: bool = False
    """It is ours: found in the Sent folder."""

    def takes_part(self, conversation: Conversation) -> bool:
        """A participant, or somebody of a participant's company."""
        if self.trusted or (self.contact is not None and self.contact == conversation.contact_id):
            return True
        if self.address is None:
            return False
        if self.address.key in conversation.participants or self.address.key == conversation.peer_key:
            return True
        domain = self.address.domain
        if not domain or domain in FREE_MAIL:
            return False
        return any(key.endswith(f"@{domain}") for key in (*conversation.participants, conversation.peer_key))


def place_mail(message: Message, clues: Clues, writer: Writer, sheet: Sheet) -> Verdict:
    """Ask the table."""
    weak: Verdict | None = None
    for verdict in _hits(message, clues, writer, sheet):
        if verdict.confidence >= JOINS:
            return verdict
        weak = weak or verdict
    if weak is None or weak.conversation is None:
        return Verdict()
    return Verdict(confidence=weak.confidence, detail=weak.detail, suggestion=weak.conversation.id)


def _hits(message: Message, clues: Clues, writer: Writer, sheet: Sheet) -> Iterator[Verdict]:
    """Every hit of the table, strongest first."""
    for token in clues.tokens:
        if found := _alive(sheet, token):
            yield Verdict(conversation=found, evidence=Evidence.TOKEN, detail="our token in what it answers")
    for token in clues.quoted_tokens:
        if found := _alive(sheet, token):
            yield Verdict(
                conversation=found,
                evidence=Evidence.TOKEN_IN_BODY,
                confidence=0.95,
                detail="our token in the quotation",
            )
    if clues.forward:
        return
    yield from _by_references(message, clues, writer, sheet)
    yield from _by_orders(clues, writer, sheet)
    for number in sheet.by_number.get(clues.subject.number, ()) if clues.subject.number else ():
        if found := _alive(sheet, number):
            confidence = CERTAIN if writer.takes_part(found) else 0.3
            yield Verdict(
                conversation=found,
                evidence=Evidence.NUMBER,
                confidence=confidence,
                detail=f"[#{clues.subject.number}] in the subject",
            )
    yield from _by_subject(message, clues, writer, sheet)


def _by_references(message: Message, clues: Clues, writer: Writer, sheet: Sheet) -> Iterator[Verdict]:
    own = sheet.references.get(clues.own_key) if clues.own_key else None
    known = [(id, sheet.references.get(key)) for id, key in clues.ancestors.items()]
    # An answer came before the message it answers: the id of this one was mentioned there.
    known.append((message.message_id, own if own is not None and not own.interactions else None))
    for id, reference in known:
        if reference is not None and (found := _alive(sheet, reference.conversation_id)):
            yield Verdict(
                conversation=found,
                evidence=Evidence.REFERENCES,
                confidence=0.9 if writer.takes_part(found) else 0.5,
                detail=f"{'answers' if reference.interactions else 'shares an ancestor'}: {id[:200]}",
            )


def _by_orders(clues: Clues, writer: Writer, sheet: Sheet) -> Iterator[Verdict]:
    for number, order in clues.orders:
        owner = order_owner(sheet, order)
        if owner is None:
            continue
        reference = sheet.references.get(order.mails)
        found = _alive(sheet, reference.conversation_id) if reference is not None else None
        if found is not None:
            yield Verdict(
                conversation=found,
                evidence=Evidence.FOREIGN_REFERENCE,
                confidence=CERTAIN if owner == writer.contact == found.contact_id else 0.3,
                detail=f"order {number}",
            )


def order_owner(sheet: Sheet, order: OrderKeys) -> ContactId | None:
    """Whose order it is; None where there is none of that number."""
    reference = sheet.references.get(order.order)
    found = _alive(sheet, reference.conversation_id) if reference is not None else None
    return found.contact_id if found is not None else None


def _by_subject(message: Message, clues: Clues, writer: Writer, sheet: Sheet) -> Iterator[Verdict]:
    if not asks_subject(message, clues) or writer.address is None:
        return
    found = _alive(sheet, sheet.by_subject.get((writer.address.key, clues.subject.normal)))
    if found is not None and found.state is ConversationState.OPEN:
        yield Verdict(conversation=found, evidence=Evidence.SUBJECT, confidence=0.5, detail="same sender, same subject")


def asks_subject(message: Message, clues: Clues) -> bool:
    """Whether rule 6 applies: to what a person wrote, or what claims to be an answer. Shops send a hundred different
    messages under one subject."""
    if not clues.subject.normal or clues.forward:
        return False
    return message.message_class is MessageClass.HUMAN or clues.subject.reply


def _alive(sheet: Sheet, id: ConversationId | None) -> Conversation | None:
    conversation = sheet.conversations.get(id) if id is not None else None
    return None if conversation is None or conversation.deleted else conversation


def place_chat(sheet: Sheet, account: str, peer: Address, at: datetime) -> Verdict:
    """Chat has one conversation for our account and the peer; a new one after closing and 24 hours of silence."""
    found = _alive(sheet, sheet.by_peer.get((account, peer.key)))
    if found is None:
        return Verdict(evidence=Evidence.CHAT, detail="first message of this chat")
    ended = max(found.last_at, found.closed_at or found.last_at)
    if found.state is ConversationState.CLOSED and at - ended > CHAT_SILENCE:
        return Verdict(evidence=Evidence.CHAT, detail="the last one was closed, then silence")
    return Verdict(conversation=found, evidence=Evidence.CHAT, detail="same peer, same account")

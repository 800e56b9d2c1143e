"""How an entry changes the standing of its conversation: who waits since when, what came last, who takes part.

Every rule here may be applied twice to the same entry: after a crash intake does so, and by then a colleague may have
answered or closed. Hence times decide, not the order of arrival: only an entry newer than the last one starts the
waiting, only one newer than the closing re-opens, only one newer than the waiting ends it.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from hub.domain.conversation import BOT_OWNER, QUEUE_OWNER, BotStance, Conversation, ConversationState
from hub.domain.facts import Relation
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.message import MessageClass

MAX_PARTICIPANTS = 100
SILENT = (MessageClass.AUTO_REPLY, MessageClass.BOUNCE)
"""Out-of-office and bounces change nothing but their own entry."""
WRITTEN = (InteractionKind.MESSAGE, InteractionKind.FAX)
MISSED = "missed"
"""Mark of a call that nobody took."""
QUIET = frozenset({"history", Relation.REACTION.value, Relation.RETRACTION.value})
"""Marks of entries that nobody has to answer."""


def last_words(text: str) -> str:
    """The first 200 characters for lists, on one line."""
    return " ".join(text[:800].split())[:200]


def awaits_answer(entry: Interaction) -> bool:
    """Whether somebody waits because of it: written (faxed, tried to call) by a person, and not found in an old
    mailbox."""
    return (
        entry.direction is Direction.INBOUND
        and entry.message_class is MessageClass.HUMAN
        and (entry.kind in WRITTEN or (entry.kind is InteractionKind.CALL and MISSED in entry.marks))
        and not QUIET & set(entry.marks)
    )


def settles(entry: Interaction) -> bool:
    """Whether nobody waits after it: we wrote, or spoke with each other. A call that nobody takes settles nothing."""
    if entry.call is not None:
        return entry.call.answered
    return entry.direction is Direction.OUTBOUND


def with_entry(conversation: Conversation, entry: Interaction, participants: Iterable[str]) -> Conversation:
    """The conversation after the entry; the same object where nothing changes."""
    if entry.message_class in SILENT or conversation.last_interaction == entry.id:
        return conversation
    changed = _with_participants(conversation, participants)
    waiting, state, closed_at = conversation.waiting_since, conversation.state, conversation.closed_at
    snoozed = conversation.snoozed_until
    newest = entry.at >= conversation.last_at
    if entry.direction is Direction.OUTBOUND and newest and conversation.bot is not BotStance.SILENT:
        # A colleague answered from another mail client: the bot is silent.
        owner = QUEUE_OWNER if changed.owner == BOT_OWNER else changed.owner
        changed = replace(changed, owner=owner, bot=BotStance.SILENT)
    if awaits_answer(entry):
        if state is ConversationState.CLOSED and (closed_at is None or entry.at > closed_at):
            state, closed_at = ConversationState.OPEN, None
        if newest and waiting is None and state is ConversationState.OPEN:
            waiting, snoozed = entry.at, None
    elif settles(entry) and waiting is not None and entry.at >= waiting:
        waiting, changed = None, with_answer(changed, entry.at, person=True)
    if newest:
        return replace(
            changed,
            waiting_since=waiting,
            snoozed_until=snoozed,
            state=state,
            closed_at=closed_at,
            last_at=entry.at,
            last_interaction=entry.id,
            last_text=last_words(entry.text),
        )
    if (waiting, state) != (conversation.waiting_since, conversation.state):
        return replace(changed, waiting_since=waiting, state=state, closed_at=closed_at)
    return changed


def with_answer(conversation: Conversation, at: datetime, *, person: bool) -> Conversation:
    """The conversation once somebody, or the bot, has answered in it: for response times and the bot's share."""
    first = conversation.first_answer_at or max(at, conversation.created_at)
    if person:
        return replace(conversation, first_answer_at=first, person_answered=True)
    return replace(conversation, first_answer_at=first, bot_answered=True)


def _with_participants(conversation: Conversation, participants: Iterable[str]) -> Conversation:
    if len(conversation.participants) >= MAX_PARTICIPANTS:
        return conversation
    keys = tuple(dict.fromkeys((*conversation.participants, *participants)))[:MAX_PARTICIPANTS]
    return conversation if keys == conversation.participants else replace(conversation, participants=keys)

"""News inside the process: what changed, for open pages and for whoever tells colleagues. Events carry ids, never
bodies; a subscriber that cannot keep up loses events and is told so (`lagged`), and then re-reads what it shows."""

from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from hub.domain.ids import ContactId, ConversationId, InteractionId


class Topic(StrEnum):
    """What kind of thing changed."""

    TIMELINE = "timeline"
    """A new entry; contact, conversation and entry are set."""
    CONVERSATION = "conversation"
    """Owner, state or waiting changed."""
    OUTBOX = "outbox"
    """An item changed its state; `id` is the item, `entry` its timeline entry."""
    CHANNEL = "channel"
    """A link state changed; `id` is the channel's name."""
    QUARANTINE = "quarantine"
    CONTACT = "contact"
    LAGGED = "lagged"
    """This subscriber missed events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change."""

    topic: Topic
    id: str = ""
    contact: ContactId | None = None
    conversation: ConversationId | None = None
    entry: InteractionId | None = None
    state: str = ""


class Events(Protocol):
    """The switchboard. Publishing never waits."""

    def publish(self, event: Event) -> None: ...

    def subscribe(self, topics: Collection[Topic] = ()) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Events of these topics (all, if none are named) from now on; leave the context to unsubscribe.
        At most 1,000 wait for a slow reader."""

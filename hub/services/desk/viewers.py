"""Who has which conversation open: in memory, forgotten after 30 seconds, bounded."""

from collections import OrderedDict
from datetime import timedelta

from hub.domain.desk import Viewer
from hub.domain.ids import ConversationId, UserId
from hub.ports.clock import Clock

LASTS = timedelta(seconds=30)
MOST = 10_000
"""Conversations that are remembered; the one looked at longest ago goes first."""


class Viewers:
    """Remembers who looked last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: OrderedDict[ConversationId, dict[UserId, tuple[float, Viewer]]] = OrderedDict()

    def look(
        self, conversation_id: ConversationId, user_id: UserId, name: str, writing: bool
    ) -> tuple[bool, list[Viewer]]:
        """Whether the colleague has only just opened it, and who else has, in the order in which they came."""
        now = self._clock.monotonic()
        here = self._seen.setdefault(conversation_id, {})
        self._seen.move_to_end(conversation_id)
        for other in [one for one, (at, _) in here.items() if now - at > LASTS.total_seconds()]:
            del here[other]
        before = here.get(user_id)
        since = before[1].since if before else self._clock.now()
        viewer = Viewer(user_id=user_id, name=name, conversation_id=conversation_id, writing=writing, since=since)
        here[user_id] = (now, viewer)
        while len(self._seen) > MOST:
            self._seen.popitem(last=False)
        others = [one for other, (_, one) in here.items() if other != user_id]
        return before is None, sorted(others, key=lambda one: (one.since, one.user_id))

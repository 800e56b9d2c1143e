"""What colleagues want to be told by themselves: the topics, and who chose which."""

from collections.abc import Iterable, Sequence

from hub.domain.ids import UserId
from hub.domain.reminder import AlertChoice
from hub.ports.kinds import ALERTS
from hub.ports.store import Store

DEFAULT_TOPICS = ("new-message", "appointment", "late-answer")
"""Of a colleague who has chosen nothing yet."""
AT_ONCE = 1_000


class AlertChoices:
    """Reads them."""

    def __init__(self, store: Store) -> None:
        self._choices = store.documents(ALERTS)

    async def one(self, user_id: UserId) -> AlertChoice:
        """Of one colleague."""
        return await self._choices.get(user_id) or AlertChoice(id=user_id, topics=DEFAULT_TOPICS)

    async def all(self, users: Sequence[UserId]) -> dict[str, AlertChoice]:
        """Of all of them, in few round trips."""
        known: dict[str, AlertChoice] = {}
        for start in range(0, len(users), AT_ONCE):
            known |= await self._choices.get_many(users[start : start + AT_ONCE])
        return {user: known.get(user) or AlertChoice(id=user, topics=DEFAULT_TOPICS) for user in users}

    async def wanting(self, topic: str, users: Iterable[UserId]) -> list[UserId]:
        """Those of the colleagues who want to hear of the topic, in their order, each once."""
        asked = list(dict.fromkeys(users))
        choices = await self.all(asked)
        return [user for user in asked if topic in choices[user].topics]

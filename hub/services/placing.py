"""New conversations find their queue before colleagues hear of them."""

from collections.abc import Sequence
from dataclasses import replace

from hub.ports.bot import Recorded, Teller
from hub.services.desk.desk import Desk
from hub.services.standing import awaits_answer


class Placing:
    """Implements Teller: places what waits for an answer, then has it told by the next."""

    def __init__(self, desk: Desk, then: Teller) -> None:
        self._desk, self._then = desk, then

    async def tell(self, recorded: Sequence[Recorded]) -> None:
        """See Teller. Placing twice is the same as once."""
        placed = []
        for news in recorded:
            if awaits_answer(news.interaction):
                news = replace(news, conversation=await self._desk.place(news.conversation))
            placed.append(news)
        await self._then.tell(placed)

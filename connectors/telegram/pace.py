"""Keeping to Telegram's limits before it has to remind us: 30 messages a second in all, one a second in a chat, 20 a
minute in a group (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this)."""

from hub.ports.clock import Clock

OVERALL = 1 / 30
PRIVATE, GROUP = 1.0, 3.0
MAX_CHATS = 10_000


class Pace:
    """Gives each message its moment. One caller may wait for several at a time; the order of asking is kept."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = 0.0
        self._chats: dict[int, float] = {}
        """When each chat may be written to again; bounded, the ones longest not written to go first."""

    async def wait(self, chat_id: int) -> None:
        """Returns when the next message to this chat may leave."""
        now = self._clock.monotonic()
        moment = max(now, self._next, self._chats.pop(chat_id, 0.0))
        self._next = max(now, self._next) + OVERALL
        self._chats[chat_id] = moment + (GROUP if chat_id < 0 else PRIVATE)
        while len(self._chats) > MAX_CHATS:
            del self._chats[next(iter(self._chats))]
        if moment > now:
            await self._clock.sleep(moment - now)

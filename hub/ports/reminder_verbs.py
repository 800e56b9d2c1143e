"""Verbs of reminders, alerts and the day's overview (hub/services/reminders.py, hub/services/briefing.py)."""

from datetime import datetime
from typing import Protocol

from hub.domain.ids import ContactId
from hub.domain.people import Actor
from hub.domain.reminder import AlertChoice, Briefing, Reminder


class ReminderVerbs(Protocol):
    """All of them about oneself."""

    async def remind(
        self, actor: Actor, at: datetime, text: str, *, contact_id: ContactId | None = None, key: str
    ) -> Reminder:
        """Raises Invalid for a moment that is past, or more than five years ahead; TooMany above 500 open ones."""

    async def mine(self, actor: Actor, limit: int = 50) -> list[Reminder]:
        """Still due, soonest first."""

    async def drop(self, actor: Actor, reminder_id: str) -> Reminder:
        """Raises NotFound; Conflict where it was said already."""

    async def alerts(self, actor: Actor) -> AlertChoice: ...

    async def set_alert(self, actor: Actor, topic: str, on: bool) -> AlertChoice: ...

    async def ask_mail(self, actor: Actor, address: str) -> AlertChoice:
        """Send a code to one's own mail address, to prove it. Raises Invalid, Conflict (code "no-mail": no channel for
        it), TooMany above five a day."""

    async def set_mail(self, actor: Actor, address: str, code: str) -> AlertChoice:
        """It is one's own from now on, where the code that went there is right; '' forgets it. Raises Invalid."""

    async def briefing(self, actor: Actor) -> Briefing: ...

"""The part of the composition root that builds company events and campaigns."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.domain.reminder import ReminderKind
from hub.ports.account_verbs import AccountVerbs
from hub.services.correspondence import Correspondence
from hub.services.occasions.campaigns import Campaigns
from hub.services.occasions.choosing import Choosing
from hub.services.occasions.guests import Guests
from hub.services.occasions.registering import Registering
from hub.services.occasions.reminding import OccasionReminders
from hub.services.occasions.verbs import Occasions
from hub.services.reminding import Reminding
from hub.services.rows import Rows

if TYPE_CHECKING:
    from hub.business import Ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatherings:
    """Made by `build_gatherings`."""

    verbs: Occasions
    registering: Registering
    campaigns: Campaigns
    guests: Guests

    async def repair(self) -> int:
        """Finish what a crash left: seats that nobody was told of, campaigns without a next batch."""
        return await self.registering.repair() + await self.campaigns.repair()


def build_gatherings(
    ground: "Ground", letters: Correspondence, accounts: AccountVerbs, reminding: Reminding
) -> Gatherings:
    """Make every object, in order, and say who acts when its reminders are due."""
    store, clock = ground.store, ground.clock
    registering = Registering(
        store=store,
        clock=clock,
        letters=letters,
        accounts=accounts,
        secret=ground.secret,
        base_url=ground.sharing.base_url,
        language=ground.language,
    )
    campaigns = Campaigns(
        store=store,
        clock=clock,
        letters=letters,
        registering=registering,
        choosing=Choosing(store=store, rows=Rows(store, ground.staff)),
        company=ground.company,
        language=ground.language,
        expect=reminding.expect,
    )
    reminders = OccasionReminders(
        store=store,
        clock=clock,
        letters=letters,
        registering=registering,
        language=ground.language,
        expect=reminding.expect,
    )
    verbs = Occasions(
        store=store,
        clock=clock,
        audit=ground.audit,
        terms=ground.terms,
        registering=registering,
        campaigns=campaigns,
        reminders=reminders,
        time_zone=ground.time_zone,
    )
    reminding.handle({ReminderKind.OCCASION: reminders.fire, ReminderKind.CAMPAIGN: campaigns.fire})
    guests = Guests(store=store, audit=ground.audit, registering=registering, campaigns=campaigns)
    return Gatherings(verbs=verbs, registering=registering, campaigns=campaigns, guests=guests)

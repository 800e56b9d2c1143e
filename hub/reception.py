"""The part of the composition root that builds the customer bot's side of the hub."""

from dataclasses import dataclass, field
from typing import Protocol

from hub.business import Business, Ground
from hub.ports.clock import Clock
from hub.ports.customer_verbs import CustomerBot, CustomerVerbs
from hub.ports.store import Store
from hub.services.calendar.inviting import Postbox
from hub.services.chronicle import Chronicle
from hub.services.customers.budgets import AutomaticLimits, Budgets
from hub.services.customers.desk import CustomerDesk
from hub.services.customers.proof import ProofRules, Proofs
from hub.services.customers.reception import Reception, ReceptionRules
from hub.services.documents.overviews import Overviews
from hub.services.notices import Notices
from hub.services.placing import Placing
from hub.services.sources import Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerBotRules:
    """What the configuration decides."""

    reception: ReceptionRules = field(default_factory=ReceptionRules)
    limits: AutomaticLimits = field(default_factory=AutomaticLimits)
    proof: ProofRules = field(default_factory=ProofRules)


class MakeBot(Protocol):
    """The bot's class."""

    def __call__(
        self, *, verbs: CustomerVerbs, store: Store, clock: Clock, company: str, time_zone: str, language: str
    ) -> CustomerBot: ...


def build_reception(
    ground: Ground,
    business: Business,
    notices: Notices,
    overviews: Overviews,
    *,
    make_bot: MakeBot,
    rules: CustomerBotRules,
) -> Reception:
    """Make every object, in order; starts nothing."""
    store, clock, audit = ground.store, ground.clock, ground.audit
    budgets = Budgets(store=store, clock=clock, limits=rules.limits, alarm=notices.tell_breaker)
    proofs = Proofs(
        store=store,
        clock=clock,
        audit=audit,
        alerts=business.alerts,
        budgets=budgets,
        accounts=ground.channels,
        outbox=ground.outbox,
        suppressions=ground.suppressions,
        forms=ground.forms,
        secret=ground.secret,
        company=ground.company,
        language=ground.language,
        joining=business.register.joining,
        rules=rules.proof,
    )
    verbs = _build_desk(ground, business, proofs, budgets, overviews)
    return Reception(
        store=store,
        clock=clock,
        accounts=ground.channels,
        bot=make_bot(
            verbs=verbs,
            store=store,
            clock=clock,
            company=ground.company,
            time_zone=ground.time_zone,
            language=ground.language,
        ),
        letters=business.letters,
        budgets=budgets,
        desk=business.desk,
        chronicle=Chronicle(store, clock, ground.events),
        then=Postbox(
            sources=Sources(store, ground.channels, ground.worker),
            invitations=business.calendar.invitations,
            then=Placing(business.desk, notices),
        ),
        rules=rules.reception,
        invitations=business.gatherings.registering.open_for,
    )


def _build_desk(
    ground: Ground, business: Business, proofs: Proofs, budgets: Budgets, overviews: Overviews
) -> CustomerDesk:
    return CustomerDesk(
        store=ground.store,
        clock=ground.clock,
        audit=ground.audit,
        alerts=business.alerts,
        accounts=business.accounts,
        calendar=business.calendar,
        letters=business.letters,
        proofs=proofs,
        budgets=budgets,
        desk=business.desk,
        registering=business.gatherings.registering,
        overviews=overviews,
        company=ground.company,
        time_zone=ground.time_zone,
    )

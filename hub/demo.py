"""The part of the composition root that builds the demo company."""

from typing import Protocol

from config.model import Config
from hub.ports.clock import SystemClock
from hub.ports.store import Store
from hub.seed.business import DemoBusiness
from hub.seed.demo import DemoCompany
from hub.services.audit import Audit
from hub.services.supervise import Supervisor
from hub.services.users import Users
from hub.services.verbs import HubVerbs
from storage.terms import extract_terms


class Made(Protocol):
    """What the composition root (hub/app.py) has made before."""

    config: Config
    store: Store
    clock: SystemClock
    supervisor: Supervisor
    audit: Audit
    users: Users
    verbs: HubVerbs


def build_demo(made: Made) -> DemoCompany:
    """Plants through the hub's own verbs."""
    hub = made.config.hub
    return DemoCompany(
        store=made.store,
        clock=made.clock,
        accounts=made.supervisor,
        audit=made.audit,
        users=made.users,
        terms=extract_terms,
        company=hub.company,
        business=DemoBusiness(made.verbs, made.clock, hub.time_zone, hub.company),
    )

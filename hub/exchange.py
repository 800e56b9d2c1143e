"""The part of the composition root that lets colleagues reach contacts from their own chat clients."""

from hub.business import Ground
from hub.ports.bot import StaffDoor
from hub.ports.verbs import Verbs
from hub.services.happenings import Happenings
from hub.services.rows import Rows
from hub.services.switchboard import Exchange, Linked


def build_exchange(ground: Ground, verbs: Verbs, door: StaffDoor, linked: Linked, happenings: Happenings) -> Exchange:
    """Make it; starts nothing."""
    exchange = Exchange(
        store=ground.store,
        clock=ground.clock,
        verbs=verbs,
        door=door,
        rows=Rows(ground.store, ground.staff),
        accounts=ground.channels,
        linked=linked,
        find_items=ground.outbox.find_entry_items,
        time_zone=ground.time_zone,
    )
    happenings.listen(exchange.listen)
    return exchange

"""The part of the composition root that tells colleagues of ringing telephones."""

from hub.business import Business, Ground
from hub.services.calls import Calls
from hub.services.happenings import Happenings
from hub.services.rows import Rows


def build_calls(ground: Ground, business: Business, happenings: Happenings) -> Calls:
    """Make it, and let it listen."""
    calls = Calls(
        store=ground.store,
        clock=ground.clock,
        channels=ground.channels,
        staff=ground.staff,
        rows=Rows(ground.store, ground.staff),
        alerts=business.alerts,
        accounts=business.accounts,
        calendar=business.calendar,
        time_zone=ground.time_zone,
    )
    happenings.listen(calls.listen)
    return calls

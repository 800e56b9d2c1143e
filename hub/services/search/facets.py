"""By what found things are filtered, and who may find them."""

from collections.abc import Sequence

from hub.domain.ids import ContactId, UserId
from hub.domain.interaction import Interaction
from hub.domain.people import Actor, Right

EVERYBODY = "all"
GUARDED = (Right.READ_ACCOUNTS, Right.READ_CALENDARS)
"""Rights without which some kinds are not found, though their contact is seen."""


def right_scope(right: Right) -> str:
    """The scope of what only whoever has the right may find."""
    return f"right:{right.value}"


def scopes_of(actor: Actor) -> tuple[str, ...]:
    """The scopes in which the actor searches."""
    # A team that somebody calls "right:..." opens nothing.
    teams = (team for team in actor.teams if not team.startswith("right:"))
    return (EVERYBODY, actor.id, *teams, *(right_scope(right) for right in GUARDED if right in actor.rights))


CONTACTS = "contacts:*"
"""The scope in which whoever sees every contact finds them; in no other search are they met. No team can be called
this, because teams' names have no colon."""


def owner_scope(owner: UserId | None) -> str:
    """The scope of the contacts of one colleague; None: of nobody."""
    return f"contacts:{owner or '-'}"


def owner_scopes(owner: UserId | None) -> tuple[str, ...]:
    """The scopes of a contact."""
    return CONTACTS, owner_scope(owner)


def kind_facet(kind: str) -> str:
    """ "kind:message"."""
    return f"kind:{kind}"


def channel_facet(channel: str) -> str:
    """ "channel:email"."""
    return f"channel:{channel}"


def contact_facet(contact_id: ContactId) -> str:
    """ "contact:c_..."."""
    return f"contact:{contact_id}"


def facets_of(kind: str, channel: str, contact_id: ContactId | None) -> tuple[str, ...]:
    """Of one entry of the index."""
    facets: Sequence[str] = (
        kind_facet(kind),
        channel_facet(channel) if channel else "",
        contact_facet(contact_id) if contact_id else "",
    )
    return tuple(facet for facet in facets if facet)


def entry_facets(entry: Interaction) -> tuple[str, ...]:
    """Of an entry of a timeline."""
    return facets_of(entry.kind.value, entry.channel, entry.contact_id)

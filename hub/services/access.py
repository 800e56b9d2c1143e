"""Who may do what. Every verb asks here before it reads or writes anything."""

from hub.domain.errors import Refused
from hub.domain.ids import UserId
from hub.domain.people import RIGHTS, SCOPE_READ, Actor, ActorKind, Right, UserRole


def require(actor: Actor, right: Right) -> None:
    """Raises Refused where the actor lacks the right; the sentence names the right and who can grant it."""
    if right not in actor.rights:
        raise refusal(actor, right)


def require_user(actor: Actor, *, writes: bool = True) -> UserId:
    """The colleague who acts, for verbs about oneself. Raises Refused for contacts, for the hub itself and, where the
    verb writes, for a token that may only read (it must not beget an unlimited one)."""
    if actor.kind is not ActorKind.USER or not actor.rights:
        raise Refused("Only a colleague who has signed in may do this.", right="", granted_by="")
    if writes and SCOPE_READ in actor.scopes:
        raise Refused(f"This token may only read; {_SIGN_IN}.", right="", granted_by="")
    return UserId(actor.id)


def refusal(actor: Actor, right: Right) -> Refused:
    """What to raise: the right, the roles that hold it, and who can grant it. `fields` let the edges translate it."""
    roles = [role.value for role in UserRole if right in RIGHTS[role]]
    if actor.kind is ActorKind.USER and any(right in RIGHTS[role] for role in actor.roles):
        sentence = f'The right "{right.value}" is not open through this door; {_DOORS.get(right, _SIGN_IN)}.'
    else:
        sentence = f'This needs the right "{right.value}" (role {" or ".join(roles)}); {_GRANTED_BY} can grant it.'
    return Refused(sentence, right=right.value, roles=roles, granted_by=UserRole.ADMIN.value)


_GRANTED_BY = "an admin"
_SIGN_IN = "sign in at the console, or use a token that is not limited"
_DOORS = {Right.ASK_AS: "it needs the local token in the hub's data directory"}

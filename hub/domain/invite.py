"""Invitations: a link that a contact opens, whereupon the chat account that opened it is theirs."""

from dataclasses import dataclass
from datetime import datetime

from hub.domain.ids import ContactId


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """The kept side: id = H(code). One use, by whichever account came first; the code itself is not kept."""

    id: str
    version: int = 0
    contact_id: ContactId
    made_by: str
    """`user:u_...`."""
    expires_at: datetime
    vouched: bool = False
    """The colleague confirms that whoever opens it is the contact: the account then counts as verified."""
    used_by: str = ""
    """Key of the address that used it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactInvite:
    """What the colleague gets, once: the code, and a link for each channel that can be opened by one."""

    code: str
    links: tuple[tuple[str, str], ...]
    """Channel name and link."""
    expires_at: datetime

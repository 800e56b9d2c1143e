"""Duplicates, merges and their journal."""

from dataclasses import dataclass
from datetime import datetime

from hub.domain.contact import Contact
from hub.domain.ids import ContactId


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateProposal:
    """Two contacts that may be one: `score` 0 to 100, `reasons` as stable codes ("same-phone", "similar-name",
    "same-organisation", "same-domain", "same-city"). `blocked` says why they may not be merged without looking."""

    first: Contact
    second: Contact
    score: int
    reasons: tuple[str, ...]
    blocked: str = ""
    """"" or "different-strong-addresses"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """The journal of one merge: exactly what was there before. Id is derived from survivor and member."""

    id: str
    """`w_...`"""
    version: int = 0
    survivor_id: ContactId
    member_id: ContactId
    before_survivor: Contact
    before_member: Contact
    after_survivor: Contact
    chosen: tuple[str, ...] = ()
    """Fields taken from the member."""
    at: datetime
    by: str
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergeReport:
    """What an unmerge restored, and what could not follow by itself."""

    survivor: Contact
    member: Contact
    kept: tuple[str, ...] = ()
    """Ids of hand-made entries since the merge that stay with the survivor."""

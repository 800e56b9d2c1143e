"""Duplicates, merges and their journal."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.domain.contact import Contact
from hub.domain.ids import ContactId


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateProposal:
    """Two contacts that may be one: `score` 0 to 100, `reasons` as stable codes ("same-name", "similar-name",
    "same-phone", "same-address-name", "same-organisation", "same-domain", "same-city"). `blocked` says why they may not
    be merged without looking."""

    first: Contact
    second: Contact
    score: int
    reasons: tuple[str, ...]
    blocked: str = ""
    """"" or "different-strong-addresses"."""


class MergeState(StrEnum):
    """Where a merge is."""

    MERGING = "merging"
    MERGED = "merged"
    UNMERGING = "unmerging"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """The journal of one merge: exactly what was there before. Id is derived from survivor, member and the key."""

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
    state: MergeState = MergeState.MERGING
    undone_at: datetime | None = None
    open_since: datetime | None = None
    """Set while a merge or an unmerge is under way: the sparse index that repair scans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergeReport:
    """What an unmerge restored, and what could not follow by itself."""

    survivor: Contact
    member: Contact
    kept: tuple[str, ...] = ()
    """Ids of hand-made entries since the merge that stay with the survivor."""

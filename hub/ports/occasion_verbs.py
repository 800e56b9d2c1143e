"""Verbs of company events and campaigns (hub/services/occasions/). Rights: READ_CALENDARS to look, BOOK_APPOINTMENTS to
plan and register, WRITE_MESSAGES to invite and for campaigns."""

from typing import Protocol

from hub.domain.ids import ContactId
from hub.domain.occasion import (
    Campaign,
    CampaignDraft,
    CampaignPreview,
    CampaignReport,
    Invitation,
    OccasionDraft,
    OccasionState,
    OccasionView,
    RegistrationState,
    RegistrationView,
)
from hub.domain.people import Actor
from hub.domain.views import FileData
from hub.ports.store import Page


class OccasionVerbs(Protocol):
    """All moments are aware."""

    async def page(
        self, actor: Actor, after: str | None = None, limit: int = 50, *, past: bool = False
    ) -> Page[OccasionView]:
        """Those that are not over, soonest first; `past`: the others, latest first."""

    async def get(self, actor: Actor, occasion_id: str) -> OccasionView:
        """Raises NotFound."""

    async def find(self, actor: Actor, text: str) -> OccasionView:
        """The one to come (else past) whose title fits the words. Raises NotFound, Ambiguous."""

    async def create(self, actor: Actor, draft: OccasionDraft, *, key: str) -> OccasionView:
        """Once for the key. Raises Invalid."""

    async def change(self, actor: Actor, occasion_id: str, draft: OccasionDraft, version: int) -> OccasionView:
        """Who waits moves up where there is more room. Raises NotFound, Invalid, Conflict (somebody else changed it;
        code "taken": more seats are taken than that)."""

    async def set_state(self, actor: Actor, occasion_id: str, state: OccasionState) -> OccasionView:
        """CANCELLED tells everybody; DONE settles who was missed. Raises NotFound, Conflict."""

    async def registrations(
        self,
        actor: Actor,
        occasion_id: str,
        state: RegistrationState = RegistrationState.REGISTERED,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[RegistrationView]:
        """Earliest first. Raises NotFound."""

    async def register(
        self, actor: Actor, occasion_id: str, contact_id: ContactId, *, session: str = "", tell: bool = True
    ) -> Invitation:
        """A seat, or a place in the waiting list; the contact is told of it by itself, if `tell`. Once, however often.
        Raises NotFound, Invalid, Conflict (code "closed", "waiting-full", "other-session")."""

    async def cancel(self, actor: Actor, occasion_id: str, contact_id: ContactId) -> Invitation:
        """The next in the waiting list moves up and is told. Raises NotFound, Conflict."""

    async def check_in(self, actor: Actor, code: str) -> RegistrationView:
        """Who came. The same code again says the same. Raises NotFound for a wrong code, Conflict for one without a
        seat."""

    async def ics(self, actor: Actor, occasion_id: str) -> FileData:
        """Raises NotFound."""

    async def start_campaign(self, actor: Actor, draft: CampaignDraft, *, key: str) -> Campaign:
        """A message to many; with an event an invitation, with `states` a follow-up. Once for the key. Raises Invalid,
        NotFound, Conflict."""

    async def preview_campaign(self, actor: Actor, draft: CampaignDraft) -> CampaignPreview:
        """Whom it would reach, and what the first would read; nothing is sent. Raises what `start_campaign` does."""

    async def campaigns(
        self, actor: Actor, after: str | None = None, limit: int = 50, *, occasion_id: str = ""
    ) -> Page[Campaign]:
        """Newest first; only those of an event, where one is named."""

    async def campaign(self, actor: Actor, campaign_id: str) -> CampaignReport:
        """What became of it. Raises NotFound."""

    async def pause_campaign(self, actor: Actor, campaign_id: str, paused: bool) -> Campaign:
        """Raises NotFound, Conflict."""

    async def rename_campaign(self, actor: Actor, campaign_id: str, name: str) -> Campaign:
        """What colleagues call it. Raises NotFound, Invalid, Conflict."""

"""Implements hub.ports.occasion_verbs.OccasionVerbs."""

from dataclasses import replace

from hub.domain.errors import Ambiguous, Conflict, NotFound
from hub.domain.folding import fold
from hub.domain.ids import ContactId, derived_id
from hub.domain.instant import to_utc_ms
from hub.domain.occasion import (
    Campaign,
    CampaignDraft,
    CampaignPreview,
    CampaignReport,
    Invitation,
    Occasion,
    OccasionDraft,
    OccasionState,
    OccasionView,
    Registration,
    RegistrationState,
    RegistrationView,
)
from hub.domain.people import Actor, Right
from hub.domain.views import FileData
from hub.ports.clock import Clock
from hub.ports.kinds import CONTACTS, OCCASIONS, REGISTRATIONS
from hub.ports.search import SearchEntry, Terms
from hub.ports.store import Page, Store
from hub.services.audit import Audit
from hub.services.merged import find_survivor
from hub.services.occasions.campaigns import Campaigns
from hub.services.occasions.files import calendar_file
from hub.services.occasions.planning import check_draft, check_seats, moved_sessions
from hub.services.occasions.registering import Registering
from hub.services.occasions.reminding import OccasionReminders
from hub.services.occasions.rooms import view_occasion
from hub.services.search.facets import facets_of

LOOKED_AT = 200
PAGE = 500
SWAPS = 10
ARTICLES = frozenset({"der", "die", "das", "den", "dem", "the", "a"})
"""Said before a title; no part of it."""
SEATED = (RegistrationState.REGISTERED, RegistrationState.ATTENDED)


class Occasions:
    """The events, over seats and campaigns."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        terms: Terms,
        registering: Registering,
        campaigns: Campaigns,
        reminders: OccasionReminders,
        time_zone: str,
    ) -> None:
        self._occasions, self._registrations = store.documents(OCCASIONS), store.documents(REGISTRATIONS)
        self._contacts, self._reminders = store.documents(CONTACTS), reminders
        self._search, self._terms = store.search, terms
        self._clock, self._audit = clock, audit
        self._registering, self._campaigns = registering, campaigns
        self._zone = time_zone

    # Looking

    async def page(
        self, actor: Actor, after: str | None = None, limit: int = 50, *, past: bool = False
    ) -> Page[OccasionView]:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.READ_CALENDARS, "occasions.page")
        now = self._clock.now()
        if past:
            found = await self._occasions.page("by_start", until=now, after=after, limit=limit, newest_first=True)
        else:
            found = await self._occasions.page("by_start", since=now, after=after, limit=limit)
        await self._audit.seen(actor, "occasions.page")
        return Page([await self._view(one) for one in found.items], found.next)

    async def get(self, actor: Actor, occasion_id: str) -> OccasionView:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.READ_CALENDARS, "occasions.get", occasion_id)
        occasion = await self._registering.load(occasion_id)
        await self._audit.seen(actor, "occasions.get", occasion_id)
        return await self._view(occasion)

    async def find(self, actor: Actor, text: str) -> OccasionView:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.READ_CALENDARS, "occasions.find")
        await self._audit.seen(actor, "occasions.find")
        now, words = self._clock.now(), [word for word in fold(text).split() if word not in ARTICLES]
        if known := await self._occasions.get(text):
            return await self._view(known)
        coming = (await self._occasions.page("by_start", since=now, limit=LOOKED_AT)).items
        past = (await self._occasions.page("by_start", until=now, limit=LOOKED_AT, newest_first=True)).items
        for found in (coming, past):
            fitting = [one for one in found if words and _holds(fold(one.title), words)]
            exact = [one for one in fitting if fold(one.title) == " ".join(words)] or fitting
            if len(exact) > 1 and len({one.title for one in exact}) > 1:
                choices = [await self._view(one) for one in exact[:5]]
                raise Ambiguous(f'"{text[:60]}" fits several events; say which.', choices=choices)
            if exact:
                return await self._view(exact[0])
        raise NotFound(f'There is no event "{text[:60]}".')

    async def _view(self, occasion: Occasion) -> OccasionView:
        return view_occasion(occasion, await self._registering.seats(occasion))

    # Planning

    async def create(self, actor: Actor, draft: OccasionDraft, *, key: str) -> OccasionView:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.BOOK_APPOINTMENTS, "occasions.create")
        occasion = Occasion(
            id=derived_id("n", actor.id, key),
            created_by=f"{actor.kind.value}:{actor.id}",
            created_at=to_utc_ms(self._clock.now()),
            **check_draft(draft, self._zone),
        )
        await self._occasions.insert(occasion)
        await self._follow(occasion)
        await self._audit.record(actor, "occasions.create", occasion.id)
        return await self._view(await self._registering.load(occasion.id))

    async def _follow(self, occasion: Occasion) -> None:
        """What belongs to an event as it stands: it can be found, and who is registered is reminded."""
        text = f"{occasion.title} {occasion.place} {occasion.description}"
        await self._search.put_many(
            [
                SearchEntry(
                    id=occasion.id, at=occasion.start, facets=facets_of("event", "", None), terms=self._terms(text)
                )
            ]
        )
        await self._reminders.plan(occasion)

    async def change(self, actor: Actor, occasion_id: str, draft: OccasionDraft, version: int) -> OccasionView:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.BOOK_APPOINTMENTS, "occasions.change", occasion_id)
        occasion = await self._registering.load(occasion_id)
        changed = replace(occasion, **check_draft(draft, self._zone))
        check_seats(occasion, changed, await self._registering.seats(occasion))
        if not await self._occasions.replace(changed, version):
            raise Conflict("Somebody else changed this event first; load it again.")
        await self._registering.fit(changed)
        await self._follow(changed)
        moved = moved_sessions(occasion, changed)
        if (changed.start, changed.end, changed.place) != (occasion.start, occasion.end, occasion.place):
            await self._reminders.plan_moved(replace(changed, version=version + 1))
        elif moved:
            await self._reminders.plan_moved(replace(changed, version=version + 1), moved)
        await self._audit.record(actor, "occasions.change", occasion_id)
        return await self.get(actor, occasion_id)

    async def set_state(self, actor: Actor, occasion_id: str, state: OccasionState) -> OccasionView:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.BOOK_APPOINTMENTS, "occasions.set_state", occasion_id)
        for _ in range(SWAPS):
            occasion = await self._registering.load(occasion_id)
            if occasion.state in (OccasionState.CANCELLED, OccasionState.DONE) and occasion.state is not state:
                raise Conflict("This event is over.", code="closed")
            if state is OccasionState.DONE and occasion.start > self._clock.now():
                raise Conflict("This event has not begun yet.", code="early")
            if occasion.state is state or await self._occasions.replace(
                replace(occasion, state=state), occasion.version
            ):
                break
        else:
            raise Conflict("Somebody else changes this event all the time; try again.")
        if state is OccasionState.CANCELLED:
            await self._registering.clear(await self._registering.load(occasion_id))
        if state is OccasionState.DONE:
            await self._note_missed(occasion_id)
        await self._audit.record(actor, "occasions.set_state", occasion_id, detail=state.value)
        return await self.get(actor, occasion_id)

    async def _note_missed(self, occasion_id: str) -> None:
        while True:
            # Each page leaves the index as it is worked through.
            page = await self._registrations.page("by_occasion", occasion_id, RegistrationState.REGISTERED, limit=PAGE)
            moved = 0
            for one in page.items:
                missed = replace(one, state=RegistrationState.MISSED, changed_at=to_utc_ms(self._clock.now()))
                moved += await self._registrations.replace(missed, one.version)
            if not moved:
                return

    # Registering

    async def registrations(
        self,
        actor: Actor,
        occasion_id: str,
        state: RegistrationState = RegistrationState.REGISTERED,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[RegistrationView]:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.READ_CALENDARS, "occasions.registrations", occasion_id)
        seats = await self._registering.seats(await self._registering.load(occasion_id))
        page = await self._registrations.page("by_occasion", occasion_id, state, after=after, limit=limit)
        contacts = await self._contacts.get_many([one.contact_id for one in page.items])
        await self._audit.seen(actor, "occasions.registrations", occasion_id)
        return Page(
            [
                RegistrationView(
                    registration=one,
                    contact_name=contacts[one.contact_id].name if one.contact_id in contacts else "",
                    position=seats.position_of(one.contact_id),
                )
                for one in page.items
            ],
            page.next,
        )

    async def register(
        self, actor: Actor, occasion_id: str, contact_id: ContactId, *, session: str = "", tell: bool = True
    ) -> Invitation:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.BOOK_APPOINTMENTS, "occasions.register", contact_id)
        done = await self._registering.register(occasion_id, contact_id, session=session, via=actor.via, quiet=not tell)
        await self._audit.record(actor, "occasions.register", contact_id, detail=occasion_id)
        return done

    async def cancel(self, actor: Actor, occasion_id: str, contact_id: ContactId) -> Invitation:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.BOOK_APPOINTMENTS, "occasions.cancel", contact_id)
        done = await self._registering.cancel(occasion_id, contact_id, via=actor.via)
        await self._audit.record(actor, "occasions.cancel", contact_id, detail=occasion_id)
        return done

    async def check_in(self, actor: Actor, code: str) -> RegistrationView:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.BOOK_APPOINTMENTS, "occasions.check_in")
        wanted = "".join(filter(str.isalnum, code)).upper()[:20]
        for _ in range(SWAPS):
            page = await self._registrations.page("by_code", wanted, limit=1)
            if not page.items:
                raise NotFound("There is no such code.", field="code")
            registration = page.items[0]
            if registration.state not in (*SEATED, RegistrationState.MISSED):
                raise Conflict("Whoever shows this code has no seat.", code="no-seat", field="code")
            if registration.state is RegistrationState.ATTENDED:
                return await self._checked_in(actor, registration)
            now = to_utc_ms(self._clock.now())
            there = replace(registration, state=RegistrationState.ATTENDED, checked_in_at=now, changed_at=now)
            if await self._registrations.replace(there, registration.version):
                return await self._checked_in(actor, there)
        raise Conflict("This registration changes all the time; try again.")

    async def _checked_in(self, actor: Actor, registration: Registration) -> RegistrationView:
        await self._audit.record(actor, "occasions.check_in", registration.contact_id, detail=registration.occasion_id)
        contact = await find_survivor(self._contacts, registration.contact_id)
        return RegistrationView(registration=registration, contact_name=contact.name if contact else "")

    async def ics(self, actor: Actor, occasion_id: str) -> FileData:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.READ_CALENDARS, "occasions.ics", occasion_id)
        occasion = await self._registering.load(occasion_id)
        await self._audit.seen(actor, "occasions.ics", occasion_id)
        return calendar_file(occasion, self._clock.now())

    # Campaigns

    async def start_campaign(self, actor: Actor, draft: CampaignDraft, *, key: str) -> Campaign:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.WRITE_MESSAGES, "occasions.start_campaign")
        campaign = await self._campaigns.start(actor, draft, key=key)
        detail = f"{campaign.planned} {campaign.occasion_id}".strip()
        await self._audit.record(actor, "occasions.start_campaign", campaign.id, detail=detail)
        return campaign

    async def preview_campaign(self, actor: Actor, draft: CampaignDraft) -> CampaignPreview:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.WRITE_MESSAGES, "occasions.preview_campaign")
        found = await self._campaigns.preview(actor, draft)
        await self._audit.seen(actor, "occasions.preview_campaign", draft.occasion_id)
        return found

    async def campaigns(
        self, actor: Actor, after: str | None = None, limit: int = 50, *, occasion_id: str = ""
    ) -> Page[Campaign]:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.WRITE_MESSAGES, "occasions.campaigns", occasion_id)
        found = await self._campaigns.page(after, limit, occasion_id)
        await self._audit.seen(actor, "occasions.campaigns", occasion_id)
        return found

    async def campaign(self, actor: Actor, campaign_id: str) -> CampaignReport:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.WRITE_MESSAGES, "occasions.campaign", campaign_id)
        found = await self._campaigns.report(campaign_id)
        await self._audit.seen(actor, "occasions.campaign", campaign_id)
        return found

    async def pause_campaign(self, actor: Actor, campaign_id: str, paused: bool) -> Campaign:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.WRITE_MESSAGES, "occasions.pause_campaign", campaign_id)
        campaign = await self._campaigns.pause(campaign_id, paused)
        await self._audit.record(actor, "occasions.pause_campaign", campaign_id, detail=campaign.state.value)
        return campaign

    async def rename_campaign(self, actor: Actor, campaign_id: str, name: str) -> Campaign:
        """See OccasionVerbs."""
        self._audit.permit(actor, Right.WRITE_MESSAGES, "occasions.rename_campaign", campaign_id)
        campaign = await self._campaigns.rename(campaign_id, name)
        await self._audit.record(actor, "occasions.rename_campaign", campaign_id)
        return campaign


def _holds(title: str, words: list[str]) -> bool:
    named = title.split()
    return all(any(one.startswith(word) for one in named) for word in words)

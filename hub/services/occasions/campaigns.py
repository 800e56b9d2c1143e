"""Campaigns: one message to many, a batch each minute. The batches are reminders (hub/services/reminding.py), so that
they go on after a restart; each contact's message has an id of its own, so that nobody gets it twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain.contact import Contact
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.ids import ContactId, derived_id
from hub.domain.instant import to_utc_ms
from hub.domain.occasion import (
    Campaign,
    CampaignDraft,
    CampaignPreview,
    CampaignReport,
    CampaignState,
    Mailing,
    MailingState,
    Occasion,
    OccasionState,
    mailing_id,
    registration_id,
)
from hub.domain.outbox import OutboxState
from hub.domain.people import Actor
from hub.domain.reminder import Reminder, ReminderKind
from hub.ports.clock import Clock
from hub.ports.kinds import CAMPAIGNS, CONTACTS, MAILINGS, OUTBOX, REGISTRATIONS, REMINDERS
from hub.ports.store import Page, Store
from hub.services.correspondence import Correspondence
from hub.services.merged import find_survivor
from hub.services.occasions.choosing import MOST, Choosing
from hub.services.occasions.registering import Registering, hash_token
from hub.services.occasions.wording import check_template, facts_of, fill_template, word

MOST_NAME = 200
MOST_LOOKED_UP = 500
"""Receivers of whom a preview knows whether they can be reached."""
MOST_A_MINUTE = 200
BETWEEN = timedelta(minutes=1)
PAGE = 500
AT_ONCE = 1_000
SWAPS = 10
SENT = (OutboxState.SENT, OutboxState.DELIVERED)


class Campaigns:
    """Plans, sends, counts."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        letters: Correspondence,
        registering: Registering,
        choosing: Choosing,
        company: str,
        language: str,
        expect: Callable[[datetime], None],
    ) -> None:
        self._campaigns, self._mailings = store.documents(CAMPAIGNS), store.documents(MAILINGS)
        self._contacts, self._outbox = store.documents(CONTACTS), store.documents(OUTBOX)
        self._registrations, self._reminders = store.documents(REGISTRATIONS), store.documents(REMINDERS)
        self._clock, self._letters, self._registering, self._choosing = clock, letters, registering, choosing
        self._company, self._language, self._expect = company, language, expect

    async def start(self, actor: Actor, draft: CampaignDraft, *, key: str) -> Campaign:
        """Plan it and send the first batch; the same key is the same campaign. Raises Invalid, NotFound, Conflict."""
        campaign, _ = await self._plan(actor, draft, key)
        if await self._campaigns.get(campaign.id) is None:
            contacts = [contact.id for contact in await self._choosing.choose(actor, draft)]
            # The mailings come first: a campaign that stands has all of them.
            for start in range(0, len(contacts), PAGE):
                await self._mailings.insert_many(
                    [self._mailing(campaign, id, start + n) for n, id in enumerate(contacts[start : start + PAGE])]
                )
            await self._campaigns.insert(replace(campaign, planned=len(contacts)))
        await self.send_batch(campaign.id)
        return await self.get(campaign.id)

    async def _plan(self, actor: Actor, draft: CampaignDraft, key: str) -> tuple[Campaign, Occasion | None]:
        """The campaign as it would be, and its event."""
        _check(draft)
        occasion = await self._registering.load(draft.occasion_id) if draft.occasion_id else None
        invites = occasion is not None and not draft.states
        if invites and occasion is not None and occasion.state is not OccasionState.OPEN:
            raise Conflict("Registration for this event is closed.", code="closed")
        title = occasion.title if occasion and invites else draft.subject.strip()
        campaign = Campaign(
            id=derived_id("j", actor.id, key),
            name=draft.name.strip() or title,
            subject=draft.subject.strip(),
            text=draft.text.strip(),
            occasion_id=draft.occasion_id,
            invites=invites,
            per_minute=draft.per_minute,
            state=CampaignState.RUNNING,
            created_by=f"{actor.kind.value}:{actor.id}",
            created_at=to_utc_ms(self._clock.now()),
        )
        return campaign, occasion

    async def preview(self, actor: Actor, draft: CampaignDraft) -> CampaignPreview:
        """Whom it would reach, and what the first of them would read. Sends nothing. Raises what `start` does."""
        campaign, occasion = await self._plan(actor, draft, "")
        chosen = await self._choosing.choose(actor, draft)
        wanted = [contact for contact in chosen if contact.automatic]
        # Looking for the way to everybody takes several reads for each.
        ways = [await self._letters.find_way(contact.id) for contact in wanted[:MOST_LOOKED_UP]]
        unreachable = ways.count(None)
        first = next((contact for contact, way in zip(wanted, ways, strict=False) if way), chosen[0])
        # The link is a secret of the contact's, also before colleagues.
        subject, text = self._write(campaign, occasion, first, link="…")
        return CampaignPreview(
            chosen=len(chosen),
            receivers=len(wanted) - unreachable,
            unwanted=len(chosen) - len(wanted),
            unreachable=unreachable,
            exact=len(wanted) <= MOST_LOOKED_UP,
            name=first.name,
            subject=subject,
            text=text,
        )

    def _mailing(self, campaign: Campaign, contact_id: ContactId, number: int) -> Mailing:
        id = mailing_id(campaign.id, contact_id)
        return Mailing(
            id=id,
            campaign_id=campaign.id,
            contact_id=contact_id,
            number=number,
            link=hash_token(self._registering.token("mailing", id)),
        )

    # Sending

    async def fire(self, reminder: Reminder) -> None:
        """The next batch is due. Done twice it sends the one after it sooner, never one twice."""
        await self.send_batch(reminder.subject_id)

    async def send_batch(self, campaign_id: str) -> None:
        """As many as a minute takes; then the next batch is planned, or the campaign is done."""
        campaign = await self.get(campaign_id)
        if campaign.state is not CampaignState.RUNNING:
            return
        page = await self._mailings.page("by_campaign", campaign.id, MailingState.DUE, limit=campaign.per_minute)
        occasion = await self._registering.load(campaign.occasion_id) if campaign.occasion_id else None
        for mailing in page.items:
            await self._mailings.replace(await self._send(campaign, occasion, mailing), mailing.version)
        if page.next is None and len(page.items) < campaign.per_minute:
            await self._set_state(campaign, CampaignState.DONE)
            return
        await self.plan(campaign)

    async def plan(self, campaign: Campaign) -> None:
        """The batch of the next minute; once for each minute."""
        due = (self._clock.now() + BETWEEN).replace(second=0, microsecond=0)
        await self._reminders.insert(
            Reminder(
                id=derived_id("n", campaign.id, due.isoformat()),
                kind=ReminderKind.CAMPAIGN,
                due_at=due,
                subject_id=campaign.id,
                created_at=to_utc_ms(self._clock.now()),
            )
        )
        self._expect(due)

    async def repair(self) -> int:
        """Plan the next batch of running campaigns: a crash may have cut it off. Returns how many run."""
        running = [one for one in (await self.page(None, PAGE)).items if one.state is CampaignState.RUNNING]
        for campaign in running:
            await self.plan(campaign)
        return len(running)

    async def _send(self, campaign: Campaign, occasion: Occasion | None, mailing: Mailing) -> Mailing:
        contact = await find_survivor(self._contacts, mailing.contact_id)
        if contact is None:
            return replace(mailing, state=MailingState.SKIPPED, reason="gone")
        if not contact.automatic:
            return replace(mailing, state=MailingState.SKIPPED, reason="opted-out")
        language = contact.language or self._language
        opt_out = self._registering.address(self._registering.token("mailing", mailing.id))
        link = ""
        if occasion is not None:
            id = registration_id(occasion.id, contact.id)
            link = self._registering.address(self._registering.token("registration", id))
        subject, text = self._write(campaign, occasion, contact, link=link)
        item = await self._letters.say(
            contact.id,
            text + word(language, "opt-out", link=opt_out),
            subject=subject,
            key=f"campaign|{mailing.id}",
            if_wanted=True,
            unsubscribe=opt_out,
        )
        if item is None:
            return replace(mailing, state=MailingState.SKIPPED, reason="no-address")
        if campaign.invites and occasion is not None:
            await self._invite(occasion, contact.id, item.recipient.key)
        return replace(mailing, state=MailingState.SUBMITTED, item_id=item.id)

    def _write(self, campaign: Campaign, occasion: Occasion | None, contact: Contact, *, link: str) -> tuple[str, str]:
        """Subject and text as this contact reads them; what opts out is added on the way."""
        language = contact.language or self._language
        first, *_ = (*contact.name.split(), "")
        values = {"name": contact.name, "first_name": first, "company": self._company}
        if occasion is not None:
            values |= facts_of(occasion, language) | {"link": link}
            values["place"] = values["place"].removeprefix(", ") if campaign.text else values["place"]
        text = fill_template(campaign.text, values) if campaign.text else word(language, "invite", **values)
        subject = campaign.subject or word(language, "invite-subject", **values)
        return fill_template(subject, values)[:200], text

    async def _invite(self, occasion: Occasion, contact_id: ContactId, address: str) -> None:
        fresh = replace(self._registering.fresh(occasion, contact_id, "invitation"), address=address)
        await self._registrations.insert(fresh)
        await self._registering.note_address(fresh, address)

    # Pausing, naming, looking

    async def get(self, campaign_id: str) -> Campaign:
        """Raises NotFound."""
        campaign = await self._campaigns.get(campaign_id)
        if campaign is None:
            raise NotFound("There is no such campaign.", id=campaign_id[:60])
        return campaign

    async def page(self, after: str | None, limit: int, occasion_id: str = "") -> Page[Campaign]:
        """Newest first; only those of an event."""
        if occasion_id:
            return await self._campaigns.page("by_occasion", occasion_id, after=after, limit=limit, newest_first=True)
        return await self._campaigns.page("newest", after=after, limit=limit, newest_first=True)

    async def pause(self, campaign_id: str, paused: bool) -> Campaign:
        """Nothing more is sent, or it goes on at once. Raises NotFound, Conflict once it is done."""
        campaign = await self.get(campaign_id)
        if campaign.state is CampaignState.DONE:
            raise Conflict("This campaign is done.", code="done")
        state = CampaignState.PAUSED if paused else CampaignState.RUNNING
        await self._set_state(campaign, state)
        if not paused:
            await self.send_batch(campaign_id)
        return await self.get(campaign_id)

    async def rename(self, campaign_id: str, name: str) -> Campaign:
        """What colleagues call it; receivers never see it. Raises NotFound, Invalid, Conflict."""
        name = name.strip()
        if not 1 <= len(name) <= MOST_NAME:
            raise Invalid(f"A campaign has a name of 1 to {MOST_NAME} characters.", field="name")
        for _ in range(SWAPS):
            current = await self.get(campaign_id)
            if current.name == name or await self._campaigns.replace(replace(current, name=name), current.version):
                return await self.get(campaign_id)
        raise Conflict("The campaign changes all the time; try again.")

    async def _set_state(self, campaign: Campaign, state: CampaignState) -> None:
        current: Campaign | None = campaign
        for _ in range(SWAPS):
            if current is None or current.state is state:
                return
            # Paused while its last batch went out: then it stays paused until it is let go on.
            if current.state is CampaignState.PAUSED and state is CampaignState.DONE:
                return
            if await self._campaigns.replace(replace(current, state=state), current.version):
                return
            current = await self._campaigns.get(campaign.id)
        raise Conflict("The campaign changes all the time; try again.")

    async def report(self, campaign_id: str) -> CampaignReport:
        """Counted from the outbox, so that every number can be traced to its messages. Raises NotFound."""
        campaign = await self.get(campaign_id)
        due = await self._mailings.count("by_campaign", campaign.id, MailingState.DUE, cap=MOST)
        skipped = await self._all(campaign.id, MailingState.SKIPPED)
        submitted = await self._all(campaign.id, MailingState.SUBMITTED)
        states: list[OutboxState] = []
        ids = [mailing.item_id for mailing in submitted]
        for start in range(0, len(ids), AT_ONCE):
            found = await self._outbox.get_many(ids[start : start + AT_ONCE])
            states += [item.state for item in found.values()]
        return CampaignReport(
            campaign=campaign,
            due=due,
            sent=sum(state in SENT for state in states),
            delivered=states.count(OutboxState.DELIVERED),
            bounced=states.count(OutboxState.BOUNCED),
            failed=states.count(OutboxState.FAILED),
            skipped=len(skipped),
            opted_out=sum(mailing.opted_out_at is not None for mailing in submitted),
        )

    async def _all(self, campaign_id: str, state: MailingState) -> list[Mailing]:
        found: list[Mailing] = []
        cursor: str | None = None
        while True:
            page = await self._mailings.page("by_campaign", campaign_id, state, after=cursor, limit=AT_ONCE)
            found += page.items
            if (cursor := page.next) is None:
                return found

    # Opting out

    async def by_token(self, token: str) -> Mailing:
        """Raises NotFound."""
        page = await self._mailings.page("by_link", hash_token(token), limit=1)
        if not page.items:
            raise NotFound("This link does not exist, or not any more. Please ask for a new one.")
        return page.items[0]

    async def opt_out(self, mailing: Mailing) -> ContactId:
        """The contact wants no automatic messages any more. Raises NotFound, Conflict."""
        for _ in range(SWAPS):
            contact = await find_survivor(self._contacts, mailing.contact_id)
            if contact is None:
                raise NotFound("This link does not exist, or not any more. Please ask for a new one.")
            done = not contact.automatic or await self._contacts.replace(
                replace(contact, automatic=False), contact.version
            )
            if done:
                noted = replace(mailing, opted_out_at=mailing.opted_out_at or to_utc_ms(self._clock.now()))
                await self._mailings.replace(noted, mailing.version)
                return contact.id
        raise Conflict("The contact changes all the time; try again.")


def _check(draft: CampaignDraft) -> None:
    if not 1 <= draft.per_minute <= MOST_A_MINUTE:
        raise Invalid(f"Between 1 and {MOST_A_MINUTE} messages a minute.", field="per_minute")
    if draft.states and not draft.occasion_id:
        raise Invalid("Say of which event.", field="occasion")
    if not draft.text.strip() and (not draft.occasion_id or draft.states):
        raise Invalid("Write what is to be said.", field="text")
    if not draft.subject.strip() and (not draft.occasion_id or draft.states):
        raise Invalid("A message to many needs a subject.", field="subject")
    if len(draft.text) > 8_000:
        raise Invalid("This text is too long.", field="text")
    if len(draft.subject.strip()) > 200:
        raise Invalid("This text is too long.", field="subject")
    if len(draft.name.strip()) > MOST_NAME:
        raise Invalid(f"A campaign has a name of 1 to {MOST_NAME} characters.", field="name")
    if len(draft.contacts) > MOST:
        raise Invalid(f"A campaign goes to at most {MOST:,} contacts.", field="contact")
    check_template(draft.text, "text")
    check_template(draft.subject, "subject")

"""Every public verb asks who acts, and refuses whoever lacks the right, before it says or does anything."""

import inspect
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast, get_type_hints

import pytest

from hub.domain.address import Address
from hub.domain.appointment import AppointmentDraft, Calendar, Participation
from hub.domain.desk import CannedReply, Queue
from hub.domain.document import DocumentTemplate
from hub.domain.errors import Refused
from hub.domain.ids import ContactId
from hub.domain.ledger import EntryDraft, EntryKind
from hub.domain.message import Strength
from hub.domain.occasion import CampaignDraft, OccasionDraft, OccasionState
from hub.domain.outbox import OutboxState
from hub.domain.people import Actor, ActorKind, Role, UserRole
from hub.domain.report import ReportQuery
from hub.domain.views import ContactDraft, FileData
from hub.ports import verbs as port
from hub.services.quarantine import Quarantine
from hub.services.verbs import HubVerbs
from tests.office import Office

NOON = datetime(2027, 1, 12, 12, tzinfo=UTC)
DOORS = {
    ("users", "bind"),  # the code proves who it is
    ("users", "sign_in"),
    ("users", "sign_out"),
    ("users", "session_actor"),
    ("users", "token_actor"),
    ("users", "staff_at"),  # in the hub only: the address was authenticated by its channel
    ("users", "actor_of"),
    ("calendar", "feed"),  # the secret is the right
}
"""What makes an Actor cannot ask for one."""
VALUES: dict[object, Any] = {
    str: "x",
    int: 1,
    UserRole: UserRole.AGENT,
    Role: Role(id="x", name="x"),
    Participation: Participation.ACCEPTED,
    OutboxState: OutboxState.QUEUED,
    ContactDraft: ContactDraft(name="x"),
    EntryDraft: EntryDraft(
        contact_id=ContactId("c_x"), kind=EntryKind.PAYMENT, amount=Decimal(1), date=date(2026, 11, 24)
    ),
    AppointmentDraft: AppointmentDraft(start=NOON),
    Calendar: Calendar(id="k_x", name="x", sort_name="x", time_zone="UTC"),
    Queue: Queue(id="x", name="x"),
    CannedReply: CannedReply(id="x", name="x", text="x"),
    OccasionDraft: OccasionDraft(title="x", start=NOON, end=NOON.replace(hour=13)),
    OccasionState: OccasionState.CLOSED,
    CampaignDraft: CampaignDraft(name="x", subject="x", text="x"),
    DocumentTemplate: DocumentTemplate(id="x", name="x", title="x", text="x"),
    FileData: FileData(name="x", type="text/plain", data=b"x"),
    datetime: NOON,
    date: NOON.date(),
    ReportQuery: ReportQuery(name="revenue"),
    bytes: b"x",
    bool: True,
    Address: Address(channel="email", normal="x@y.example"),
}


def groups() -> dict[str, type]:
    """Group name -> its protocol, from the bundle's own annotations."""
    names = [name for name, value in vars(port.Verbs).items() if isinstance(value, property)]
    return {name: get_type_hints(getattr(port.Verbs, name).fget)["return"] for name in names}


ALL = [
    (group, name)
    for group, protocol in groups().items()
    for name, method in vars(protocol).items()
    if inspect.isfunction(method) and not name.startswith("_")
]
PROTECTED = [pair for pair in ALL if pair not in DOORS]


def arguments(group: str, name: str, actor: Actor) -> dict[str, Any]:
    """The least that the verb can be called with."""
    method = vars(groups()[group])[name]
    hints = get_type_hints(method)
    values: dict[str, Any] = {}
    for parameter in list(inspect.signature(method).parameters.values())[2:]:
        if parameter.default is not inspect.Parameter.empty:
            continue
        hint = hints[parameter.name]
        hint = getattr(hint, "__supertype__", hint)
        values[parameter.name] = VALUES.get(hint)
    if "user_id" in values:
        values["user_id"] = actor.id
    return values


async def bundle() -> tuple[Office, HubVerbs]:
    office = await Office.open()
    business = office.open_business()
    verbs = HubVerbs(
        contacts=office.contacts,
        timeline=office.timeline,
        conversations=office.conversations,
        outbox=office.world.outbox,
        quarantine=Quarantine(store=office.store, intake=cast(Any, None), audit=office.audit),
        channels=office.channels,
        users=office.users,
        audit=office.audit,
        status=office.status,
        accounts=business.accounts,
        calendar=business.calendar,
        reminders=business.reminders,
        desk=business.desk,
        register=business.register,
        documents=office.open_archive(business).documents,
        reports=office.open_reports(business),
        occasions=business.gatherings.verbs,
        faxes=business.faxes,
        search=business.search,
    )
    return office, verbs


def test_the_list_is_whole() -> None:
    assert len(groups()) == 19
    assert len(PROTECTED) > 40
    assert set(ALL) >= DOORS


@pytest.mark.parametrize(("group", "name"), PROTECTED)
def test_every_verb_takes_the_actor_first(group: str, name: str) -> None:
    parameters = list(inspect.signature(vars(groups()[group])[name]).parameters)
    assert parameters[:2] == ["self", "actor"]


@pytest.mark.parametrize("kind", ["contact", "claimed"])
async def test_every_verb_refuses_who_has_no_rights_and_audits_it(kind: str) -> None:
    office, verbs = await bundle()
    actor = Actor(kind=ActorKind.CONTACT, id="c_somebody", via="mail")
    if kind == "claimed":
        # A From line that names the admin, without proof (AC-37).
        actor = replace(office.admin, assurance=Strength.CLAIMED, via="mail")
    open_to_all = []
    await office.audit.flush()
    before = len(office.audited())
    for group, name in PROTECTED:
        try:
            await getattr(getattr(verbs, group), name)(actor, **arguments(group, name, actor))
        except Refused:
            continue
        open_to_all.append(f"{group}.{name}")
    assert open_to_all == []
    await office.audit.flush()
    refusals = office.audited()[before:]
    assert {outcome for _, _, _, outcome in refusals} == {"refused"}
    assert len(refusals) == len(PROTECTED)


async def test_an_agent_is_refused_what_admins_do() -> None:
    office, verbs = await bundle()
    for group, name in PROTECTED:
        if group == "quarantine" or (group, name) in {("audit", "page"), ("channels", "probe"), ("users", "add")}:
            with pytest.raises(Refused):
                await getattr(getattr(verbs, group), name)(office.anna, **arguments(group, name, office.anna))

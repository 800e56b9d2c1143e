"""All verbs in one object, for bots, console, API and command line."""

from dataclasses import dataclass

from hub.ports.account_verbs import AccountVerbs
from hub.ports.calendar_verbs import CalendarVerbs
from hub.ports.desk_verbs import DeskVerbs
from hub.ports.document_verbs import DocumentVerbs
from hub.ports.fax_verbs import FaxVerbs
from hub.ports.occasion_verbs import OccasionVerbs
from hub.ports.register_verbs import RegisterVerbs
from hub.ports.reminder_verbs import ReminderVerbs
from hub.ports.report_verbs import ReportVerbs
from hub.ports.search_verbs import SearchVerbs
from hub.ports.verbs import (
    AuditVerbs,
    ChannelVerbs,
    ContactVerbs,
    ConversationVerbs,
    OutboxVerbs,
    QuarantineVerbs,
    StatusVerbs,
    TimelineVerbs,
    UserVerbs,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubVerbs:
    """Implements hub.ports.verbs.Verbs."""

    contacts: ContactVerbs
    timeline: TimelineVerbs
    conversations: ConversationVerbs
    outbox: OutboxVerbs
    quarantine: QuarantineVerbs
    channels: ChannelVerbs
    users: UserVerbs
    audit: AuditVerbs
    status: StatusVerbs
    accounts: AccountVerbs
    calendar: CalendarVerbs
    reminders: ReminderVerbs
    desk: DeskVerbs
    register: RegisterVerbs
    documents: DocumentVerbs
    reports: ReportVerbs
    occasions: OccasionVerbs
    faxes: FaxVerbs
    search: SearchVerbs

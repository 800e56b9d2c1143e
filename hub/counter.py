"""The part of the composition root that puts all verbs behind one counter: what people and programs can do, each kept
to the rows that its actor sees."""

from collections.abc import Callable
from datetime import datetime, timedelta

from config.model import Config
from hub.business import Business, Ground, build_conversations
from hub.ports.configuration import Configuration
from hub.ports.document_verbs import DocumentVerbs
from hub.ports.report_verbs import ReportVerbs
from hub.services.channels import Channels
from hub.services.intake import Intake
from hub.services.lines import Lines
from hub.services.quarantine import Quarantine
from hub.services.rows import Rows
from hub.services.scoped import scope_rows
from hub.services.status import Status
from hub.services.users import Users
from hub.services.verbs import HubVerbs
from hub.version import VERSION


def build_verbs(
    ground: Ground,
    business: Business,
    *,
    config: Config,
    configuration: Configuration,
    intake: Intake,
    users: Users,
    documents: DocumentVerbs,
    reports: ReportVerbs,
    started_at: datetime,
    ready: Callable[[], bool],
) -> HubVerbs:
    """Make the last of them, and bundle all."""
    store, clock, audit = ground.store, ground.clock, ground.audit
    channels = Channels(store=store, audit=audit, accounts=ground.channels, configuration=configuration)
    return scope_rows(
        HubVerbs(
            contacts=business.contacts,
            timeline=business.timeline,
            conversations=build_conversations(
                ground,
                Lines(store, ground.staff),
                take_back_seconds=config.replies.take_back_seconds,
                lifetime=timedelta(hours=config.replies.give_up_hours),
            ),
            outbox=ground.outbox,
            quarantine=Quarantine(store=store, audit=audit, intake=intake),
            channels=channels,
            users=users,
            audit=audit,
            status=Status(
                store=store,
                clock=clock,
                audit=audit,
                channels=channels,
                version=VERSION,
                started_at=started_at,
                ready=ready,
                rebuilding=lambda: business.index.percent,
            ),
            accounts=business.accounts,
            calendar=business.calendar,
            reminders=business.reminders,
            desk=business.desk,
            register=business.register,
            documents=documents,
            reports=reports,
            occasions=business.gatherings.verbs,
            faxes=business.faxes,
            search=business.search,
        ),
        Rows(store, ground.staff),
    )

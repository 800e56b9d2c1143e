"""The part of the composition root that builds reports: the counting of days, and the verbs over it."""

from dataclasses import dataclass

from hub.business import Business, Ground
from hub.domain.reminder import ReminderKind
from hub.services.reports.aggregation import Aggregation
from hub.services.reports.marking import Marks
from hub.services.reports.reports import Reports
from hub.services.reports.weekly import WeeklyReports


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """Made by `build_reporting`. `aggregation.run` is a task of the daemon."""

    aggregation: Aggregation
    reports: Reports
    weekly: WeeklyReports


def build_reporting(ground: Ground, business: Business, marks: Marks) -> Reporting:
    """`ground.store` is the one that `marks` watch."""
    aggregation = Aggregation(store=ground.store, marks=marks, clock=ground.clock, time_zone=ground.time_zone)
    reports = Reports(
        store=ground.store,
        clock=ground.clock,
        audit=ground.audit,
        aggregation=aggregation,
        ageing=business.accounts.ageing,
        company=ground.company,
        time_zone=ground.time_zone,
    )
    weekly = WeeklyReports(
        store=ground.store,
        clock=ground.clock,
        staff=ground.staff,
        alerts=business.alerts,
        reports=reports,
        sharing=ground.sharing,
        own_mail=business.own_mail,
        time_zone=ground.time_zone,
        expect=business.reminding.expect,
    )
    business.reminding.handle({ReminderKind.WEEKLY_REPORT: weekly.fire})
    business.reminding.prepare(weekly.plan)
    return Reporting(aggregation=aggregation, reports=reports, weekly=weekly)

"""Payment reminders in three steps: friendly, firm, last. Pure: what would go out, and why not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.domain.contact import Contact
from hub.domain.ledger import DunningDraft, LedgerAccount, OpenItem
from hub.services.ledger.statement import tell_amount, tell_day

LAST_LEVEL = 3


@dataclass(frozen=True, slots=True)
class DunningRules:
    """From how many days overdue each step may go out, and how long after the one before."""

    days_overdue: tuple[int, int, int] = (3, 14, 28)
    pause: timedelta = timedelta(days=10)


SUBJECTS = {
    "de": ("Zahlungserinnerung", "Zweite Zahlungserinnerung", "Letzte Zahlungserinnerung"),
    "en": ("Payment reminder", "Second payment reminder", "Final payment reminder"),
}
OPENINGS = {
    "de": (
        "sicher ist es Ihnen entgangen: Diese Beträge sind noch offen.",
        "trotz unserer Erinnerung sind diese Beträge noch offen.",
        "trotz zweier Erinnerungen sind diese Beträge noch offen. Dies ist unsere letzte Erinnerung.",
    ),
    "en": (
        "it may have escaped you: these amounts are still open.",
        "despite our reminder these amounts are still open.",
        "despite two reminders these amounts are still open. This is our last reminder.",
    ),
}
FRAMES = {
    "de": "Guten Tag {name},\n\n{opening}\n\n{lines}\n\nHaben Sie inzwischen gezahlt, ist diese Nachricht "
    "gegenstandslos. Bei Fragen antworten Sie einfach.\n\n{company}",
    "en": "Hello {name},\n\n{opening}\n\n{lines}\n\nIf you have paid meanwhile, please disregard this message. "
    "For questions simply reply.\n\n{company}",
}
LINES = {
    "de": "{number} vom {date}, fällig {due}: {open}",
    "en": "{number} of {date}, due {due}: {open}",
}


def with_levels(items: Sequence[OpenItem], account: LedgerAccount | None) -> tuple[OpenItem, ...]:
    """The items, each with how many reminders went out for it."""
    sent = account.reminders if account else ()
    return tuple(
        replace(item, reminder_level=max((it.level for it in sent if item.number in it.numbers), default=0))
        for item in items
    )


def draft(
    contact: Contact, items: Sequence[OpenItem], account: LedgerAccount | None, now: datetime, rules: DunningRules,
    company: str,
) -> DunningDraft:  # fmt: skip
    """The next reminder to this contact. Credit in their favour that covers what is overdue stops it."""
    overdue = [item for item in items if item.days_overdue > 0]
    credit = -sum(item.open for item in items if item.open < 0)
    level = max((item.reminder_level for item in overdue), default=0) + 1
    found = DunningDraft(
        contact_id=contact.id, contact_name=contact.name, level=min(level, LAST_LEVEL), items=tuple(overdue)
    )
    problem = ""
    if account is not None and account.stopped:
        problem = "stopped"
    elif not overdue or sum(item.open for item in overdue) <= credit:
        problem = "nothing-overdue"
    elif level > LAST_LEVEL:
        problem = "last-level"
    elif max(item.days_overdue for item in overdue) < rules.days_overdue[level - 1] or _recent(account, now, rules):
        problem = "too-soon"
    if problem:
        return replace(found, problem=problem)
    language = contact.language if contact.language in FRAMES else "de"
    lines = [
        LINES[language].format(
            number=item.number,
            date=tell_day(item.date, language),
            due=tell_day(item.due, language),
            open=tell_amount(item.open, item.currency, language),
        )
        for item in overdue
    ]
    text = FRAMES[language].format(
        name=contact.name, opening=OPENINGS[language][level - 1], lines="\n".join(lines), company=company
    )
    return replace(found, subject=SUBJECTS[language][level - 1], text=text)


def _recent(account: LedgerAccount | None, now: datetime, rules: DunningRules) -> bool:
    return account is not None and any(now - it.at < rules.pause for it in account.reminders)

"""Book a payment, and send payment reminders. Told whole and confirmed before anything is written."""

from datetime import date
from decimal import Decimal, InvalidOperation

from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import one_line
from bots.staff.memory import Pending, Undo
from bots.staff.talk import Talk
from bots.staff.targets import find_target, pick
from bots.staff.telling import tell_day, tell_item, tell_money
from hub.domain.errors import Invalid
from hub.domain.ids import ContactId
from hub.domain.ledger import Allocation, DunningDraft, EntryDraft, EntryKind
from hub.domain.money import read_amount
from hub.domain.people import Right
from hub.ports.bot import Confirm


async def propose_payment(talk: Talk, slots: Slots) -> Answer:
    """ "payment 120 from X for 1042": who, how much, for what; asks for the amount where it lacks."""
    kept = dict(slots)
    number = kept.get("number", "")
    if number and not kept.get("contact") and not kept.get("contact_id"):
        item = await talk.verbs.accounts.invoice(talk.actor, number)
        kept |= {"contact_id": item.contact_id, "currency": kept.get("currency") or item.currency}
    target = await find_target(talk, "book_payment", kept)
    if isinstance(target, Answer):
        return target
    found = target.slots | {name: kept[name] for name in ("amount", "number", "currency") if kept.get(name)}
    if not kept.get("amount"):
        pending = Pending(stage="text", intent="book_payment", slots=found)
        return Answer(
            blocks=(talk.text("payment.how_much", name=target.name),), slots=target.slots, pending=pending,
            contact_id=target.contact_id,
        )  # fmt: skip
    currency = kept.get("currency") or "EUR"
    amount = _amount(kept["amount"], currency)
    money, today = tell_money(talk, amount, currency), talk.now.astimezone(talk.zone).date()
    found |= {"amount": str(amount), "currency": currency, "date": today.isoformat()}
    key = "payment.confirm_for" if number else "payment.confirm"
    said = talk.say(key, money=money, name=target.name, number=number, day=tell_day(talk, today))
    return Answer(
        blocks=(Confirm(text=said),),
        slots=found,
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent="book_payment", slots=found),
        contact_id=target.contact_id,
    )


def _amount(text: str, currency: str) -> Decimal:
    plain = text.replace(" ", "")
    if "," in plain and "." in plain:
        plain = plain.replace("." if plain.rfind(",") > plain.rfind(".") else ",", "")
    try:
        amount = Decimal(plain.replace(",", ".").strip("€$ "))
    except InvalidOperation as error:
        raise Invalid("This is no amount. Say it as 120 or 120.50.", field="amount") from error
    if amount <= 0:
        raise Invalid("A payment must be more than nothing.", field="amount")
    return read_amount(amount, currency)


async def book_payment(talk: Talk, slots: Slots) -> Answer:
    """Book it, once for the turn."""
    amount = Decimal(slots["amount"])
    number = slots.get("number", "")
    draft = EntryDraft(
        contact_id=ContactId(slots["contact_id"]),
        kind=EntryKind.PAYMENT,
        amount=amount,
        currency=slots["currency"],
        date=date.fromisoformat(slots["date"]),
        allocations=(Allocation(number=number, amount=amount),) if number else None,
    )
    entry = await talk.verbs.accounts.post(talk.actor, draft, key=talk.key)
    summary = await talk.verbs.accounts.summary(talk.actor, draft.contact_id)
    rest = next((item for item in summary.open_items if number and item.number == number), None)
    money = tell_money(talk, amount, slots["currency"])
    said = talk.say("payment.done", money=money, name=slots["contact"])
    if rest:
        said = f"{said} {talk.say('payment.rest', item=tell_item(talk, rest))}"
    return Answer(
        blocks=(talk.text("accounts.said", text=f"{said} {talk.say('payment.undo')}"),),
        slots={name: slots[name] for name in ("contact", "contact_id", "amount", "number") if slots.get(name)},
        buttons=(talk.say("button.back"),),
        undo=Undo(kind="book_payment", items=(entry.id,)),
    )


async def propose_reminder(talk: Talk, slots: Slots) -> Answer:
    """The next payment reminder to somebody, whole."""
    kept = dict(slots)
    choice = pick(talk.memory.choices, kept["number"]) if kept.get("number", "").isdigit() else None
    if choice is not None and choice.kind == "open_item":
        kept = {"contact_id": choice.id.partition("|")[0]}
    elif kept.get("number") and not kept.get("contact"):
        item = await talk.verbs.accounts.invoice(talk.actor, kept["number"])
        kept = {"contact_id": item.contact_id}
    target = await find_target(talk, "remind_payment", kept)
    if isinstance(target, Answer):
        return target
    drafts = await talk.verbs.accounts.draft_reminders(talk.actor, target.contact_id)
    draft = drafts[0] if drafts else None
    if draft is None or draft.problem:
        key = f"dunning.{draft.problem if draft else 'nothing-overdue'}"
        said = talk.text(key if talk.knows(key) else "dunning.nothing-overdue", name=target.name)
        return Answer(blocks=(said,), slots=target.slots, contact_id=target.contact_id)
    found = target.slots | {"level": str(draft.level)}
    return Answer(
        blocks=(Confirm(text=_tell_draft(talk, draft, target.name)),),
        slots=found,
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent="remind_payment", slots=found),
        contact_id=target.contact_id,
    )


def _tell_draft(talk: Talk, draft: DunningDraft, name: str) -> str:
    return talk.say(
        "dunning.confirm",
        level=draft.level,
        name=name,
        to=draft.recipient,
        subject=talk.quote(one_line(draft.subject, 200)),
        text=talk.quote(draft.text),
    )


async def send_reminder(talk: Talk, slots: Slots) -> Answer:
    """Submit it, once."""
    contact_id = ContactId(slots["contact_id"])
    await talk.verbs.accounts.send_reminder(talk.actor, contact_id, int(slots["level"]), key=talk.key)
    return Answer(blocks=(talk.text("dunning.done", level=slots["level"], name=slots["contact"]),), slots=dict(slots))


BOOK_PAYMENT = Command(
    intent="book_payment",
    propose=propose_payment,
    carry_out=book_payment,
    right=Right.BOOK,
    free_text="amount",
)
REMIND_PAYMENT = Command(intent="remind_payment", propose=propose_reminder, carry_out=send_reminder, right=Right.BOOK)

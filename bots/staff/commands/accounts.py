"""What somebody owes: balance, open items, invoices, orders, and the lists over everybody."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import one_line
from bots.staff.memory import Pending
from bots.staff.talk import Talk
from bots.staff.targets import find_target
from bots.staff.telling import tell_day, tell_item, tell_money, tell_sums
from hub.domain.ids import ContactId
from hub.domain.ledger import AccountSummary, OpenItem, OrderLine
from hub.domain.people import Right
from hub.domain.turn import Choice
from hub.ports.bot import Block, Table

SHOWN_ITEMS = 10


async def tell_balance(talk: Talk, slots: Slots) -> Answer:
    """The balance in a sentence."""
    target = await find_target(talk, "balance", slots)
    if isinstance(target, Answer):
        return target
    summary = await talk.verbs.accounts.summary(talk.actor, target.contact_id)
    said = describe_balance(talk, target.name, summary)
    return Answer(
        blocks=(talk.text("accounts.said", text=said),),
        slots=target.slots,
        contact_id=target.contact_id,
        conversation_id=target.conversation.id if target.conversation else "",
    )


def describe_balance(talk: Talk, name: str, summary: AccountSummary) -> str:
    """ "Petra Müller: offen 1.000,00 €, davon überfällig 400,00 €. ..." """
    if not summary.open_items and not any(money.amount for money in summary.balances):
        return talk.say("accounts.nothing", name=name)
    parts = [talk.say("accounts.balance", name=name, money=tell_sums(talk, summary.balances))]
    if any(money.amount for money in summary.overdue):
        parts.append(talk.say("accounts.overdue_part", money=tell_sums(talk, summary.overdue)))
    shown = "; ".join(tell_item(talk, item) for item in summary.open_items[:3])
    if shown:
        parts.append(talk.say("accounts.items", items=shown))
    if len(summary.open_items) > 3:
        parts.append(talk.say("accounts.more_items", number=talk.number(len(summary.open_items) - 3)))
    return " ".join(parts)


async def list_open_items(talk: Talk, slots: Slots) -> Answer:
    """Every open item of somebody; without a name, everybody's overdue ones."""
    if not slots.get("contact") and not slots.get("contact_id") and not talk.memory.contact_id:
        return await list_overdue(talk, slots)
    target = await find_target(talk, "open_items", slots)
    if isinstance(target, Answer):
        return target
    summary = await talk.verbs.accounts.summary(talk.actor, target.contact_id)
    if not summary.open_items:
        block = talk.text("accounts.nothing", name=target.name)
        return Answer(blocks=(block,), slots=target.slots, choices=(), contact_id=target.contact_id)
    items = summary.open_items[:SHOWN_ITEMS]
    total = tell_sums(talk, summary.balances)
    blocks: list[Block] = [talk.text("accounts.open_title", name=target.name, money=total), _item_table(talk, items)]
    if len(summary.open_items) > SHOWN_ITEMS:
        blocks.append(talk.text("accounts.more_items", number=talk.number(len(summary.open_items) - SHOWN_ITEMS)))
    return Answer(
        blocks=tuple(blocks), slots=target.slots, choices=_item_choices(talk, items), contact_id=target.contact_id
    )


async def list_overdue(talk: Talk, slots: Slots) -> Answer:
    """Overdue items of everybody, longest first."""
    items = await talk.verbs.accounts.overdue(talk.actor, limit=SHOWN_ITEMS)
    if not items:
        return Answer(blocks=(talk.text("accounts.none_overdue"),), choices=())
    rows = tuple(
        (
            str(number),
            one_line(item.contact_name, 40),
            item.number,
            talk.number(item.days_overdue),
            tell_money(talk, item.open, item.currency),
        )
        for number, item in enumerate(items, 1)
    )
    return Answer(
        blocks=(
            talk.text("accounts.overdue_title"),
            Table(headings=talk.headings("accounts.overdue_headings"), rows=rows),
            talk.text("accounts.overdue_next"),
        ),
        choices=_item_choices(talk, items),
    )


async def show_ageing(talk: Talk, slots: Slots) -> Answer:
    """What everybody owes, by age."""
    found = (await talk.verbs.accounts.ageing(talk.actor))[:SHOWN_ITEMS]
    if not found:
        return Answer(blocks=(talk.text("accounts.none_open"),), choices=())
    rows = tuple(
        (
            one_line(row.contact_name, 40),
            *(
                tell_money(talk, value, row.currency)
                for value in (row.not_due, row.up_to_30, row.up_to_60, row.up_to_90, row.older, row.total)
            ),
        )
        for row in found
    )
    table = Table(headings=talk.headings("accounts.ageing_headings"), rows=rows)
    choices = tuple(Choice(kind="contact", id=row.contact_id, label=one_line(row.contact_name)) for row in found)
    return Answer(blocks=(talk.text("accounts.ageing_title"), table), choices=choices)


async def show_invoice(talk: Talk, slots: Slots) -> Answer:
    """One invoice as it stands."""
    item = await talk.verbs.accounts.invoice(talk.actor, slots["number"])
    said = talk.text(
        "accounts.invoice" if item.open else "accounts.invoice_paid",
        number=item.number,
        name=one_line(item.contact_name),
        day=tell_day(talk, item.date),
        money=tell_money(talk, item.amount, item.currency),
        item=tell_item(talk, item),
    )
    return Answer(
        blocks=(said,),
        slots={"number": item.number, "contact": item.contact_name, "contact_id": item.contact_id},
        contact_id=item.contact_id,
        conversation_id="",
    )


async def list_orders(talk: Talk, slots: Slots) -> Answer:
    """Somebody's orders, newest first."""
    target = await find_target(talk, "orders", slots)
    if isinstance(target, Answer):
        return target
    found = (await talk.verbs.accounts.orders(talk.actor, target.contact_id))[:SHOWN_ITEMS]
    if not found:
        block = talk.text("accounts.no_orders", name=target.name)
        return Answer(blocks=(block,), slots=target.slots, contact_id=target.contact_id)
    rows = tuple(_order_row(talk, order) for order in found)
    table = Table(headings=talk.headings("accounts.orders_headings"), rows=rows)
    return Answer(
        blocks=(talk.text("accounts.orders_title", name=target.name), table),
        slots=target.slots,
        contact_id=target.contact_id,
    )


async def show_order(talk: Talk, slots: Slots) -> Answer:
    """The state of one order."""
    order = await talk.verbs.accounts.order(talk.actor, slots["number"])
    _, day, money, state = _order_row(talk, order)
    said = talk.text(
        "accounts.order", number=order.number, name=one_line(order.contact_name), day=day, money=money, state=state
    )
    return Answer(
        blocks=(said,),
        slots={"number": order.number, "contact_id": order.contact_id},
        contact_id=order.contact_id,
        conversation_id="",
    )


def _order_row(talk: Talk, order: OrderLine) -> tuple[str, str, str, str]:
    key = f"order_state.{order.state}"
    state = talk.say(key) if talk.knows(key) else one_line(order.state, 40)
    return order.number, tell_day(talk, order.date), tell_money(talk, order.amount, order.currency), state


def _item_table(talk: Talk, items: tuple[OpenItem, ...]) -> Table:
    rows = tuple(
        (
            str(number),
            item.number,
            tell_day(talk, item.date),
            tell_day(talk, item.due) if item.due else "",
            talk.number(item.days_overdue),
            tell_money(talk, item.open, item.currency),
        )
        for number, item in enumerate(items, 1)
    )
    return Table(headings=talk.headings("accounts.open_headings"), rows=rows)


def _item_choices(talk: Talk, items: list[OpenItem] | tuple[OpenItem, ...]) -> tuple[Choice, ...]:
    return tuple(
        Choice(kind="open_item", id=f"{item.contact_id}|{item.number}", label=tell_item(talk, item)) for item in items
    )


def contact_of_item(choice: Choice) -> ContactId:
    """Whose item a choice of kind "open_item" is."""
    return ContactId(choice.id.partition("|")[0])


def ask_number(intent: str) -> Pending:
    """Wait for the number of an invoice or order."""
    return Pending(stage="text", intent=intent)


async def invoice(talk: Talk, slots: Slots) -> Answer:
    """Asks for the number where it lacks."""
    if not slots.get("number"):
        return Answer(blocks=(talk.text("accounts.which_invoice"),), pending=ask_number("invoice"))
    return await show_invoice(talk, slots)


async def order(talk: Talk, slots: Slots) -> Answer:
    """Asks for the number where it lacks."""
    if not slots.get("number"):
        return Answer(blocks=(talk.text("accounts.which_order"),), pending=ask_number("order"))
    return await show_order(talk, slots)


_READ = Right.READ_ACCOUNTS
BALANCE = Command(intent="balance", propose=tell_balance, right=_READ)
OPEN_ITEMS = Command(intent="open_items", propose=list_open_items, right=_READ)
OVERDUE = Command(intent="overdue", propose=list_overdue, right=_READ, stands_alone=True)
AGEING = Command(intent="ageing", propose=show_ageing, right=_READ, stands_alone=True)
INVOICE = Command(intent="invoice", propose=invoice, right=_READ, free_text="number")
ORDERS = Command(intent="orders", propose=list_orders, right=_READ)
ORDER = Command(intent="order", propose=order, right=_READ, free_text="number")

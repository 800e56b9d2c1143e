"""What is open, and how orders are doing: told to somebody who has proved who they are."""

from bots.customer.talk import Talk
from hub.domain.ledger import OpenItem, OrderLine
from hub.ports.customer_verbs import CustomerReply

SHOWN = 10
KNOWN_STATES = ("open", "paid", "shipped", "done", "cancelled", "refunded")


async def tell_balance(talk: Talk) -> CustomerReply:
    """The sum of what is open, and each item."""
    summary = await talk.verbs.account(talk.customer)
    talk.memory.settle()
    items = [item for item in summary.open_items if item.open > 0]
    if not items:
        credit = [money for money in summary.balances if money.amount < 0]
        text = talk.say("nothing_open")
        if credit:
            text += " " + talk.say("credit", sum=" + ".join(talk.money(-one.amount, one.currency) for one in credit))
        return CustomerReply(text=text, intent="my_balance")
    if len(items) == 1 and len(summary.open_items) == 1:
        return CustomerReply(text=talk.say("balance_one", item=_item(talk, items[0])), intent="my_balance")
    total = " + ".join(talk.money(one.amount, one.currency) for one in summary.balances if one.amount)
    lines = [talk.say("balance", sum=total), *(f"• {_item(talk, item)}" for item in items[:SHOWN])]
    if len(items) > SHOWN:
        lines.append(talk.say("more", n=len(items) - SHOWN))
    return CustomerReply(text="\n".join(lines), intent="my_balance")


def _item(talk: Talk, item: OpenItem) -> str:
    money = talk.money(item.open, item.currency)
    if item.due is None:
        return talk.say("item", number=item.number, money=money)
    key = "item_overdue" if item.days_overdue > 0 else "item_due"
    return talk.say(key, number=item.number, money=money, day=talk.day(item.due))


async def tell_orders(talk: Talk, number: str) -> CustomerReply:
    """The order of that number, or the newest ones."""
    orders = await talk.verbs.orders(talk.customer)
    talk.memory.settle()
    if not orders:
        return CustomerReply(text=talk.say("no_orders"), intent="my_order")
    if number:
        fitting = [order for order in orders if _same(order.number, number)]
        if not fitting:
            return CustomerReply(text=talk.say("no_order", number=number), intent="my_order")
        orders = fitting[:1]
    if len(orders) == 1:
        return CustomerReply(text=_order(talk, orders[0]), intent="my_order")
    alive = [order for order in orders if order.state in ("open", "paid", "shipped", "")] or orders
    if len(alive) == 1:
        return CustomerReply(text=_order(talk, alive[0]), intent="my_order")
    lines = [talk.say("orders"), *(f"• {_order(talk, order)}" for order in alive[:5])]
    return CustomerReply(text="\n".join(lines), intent="my_order")


def _same(known: str, named: str) -> bool:
    """People leave out the letters before a number."""
    plain, said = known.lower().replace(" ", ""), named.lower().replace(" ", "")
    return plain == said or (said.isdigit() and plain.lstrip("abcdefghijklmnopqrstuvwxyz-/") == said)


def _order(talk: Talk, order: OrderLine) -> str:
    state = talk.say(f"state_{order.state}") if order.state in KNOWN_STATES else order.state or talk.say("state_open")
    return talk.say("order", number=order.number, day=talk.day(order.date), state=state)

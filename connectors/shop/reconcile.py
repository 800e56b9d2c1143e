"""Fetching what no webhook brought: orders that changed since the cursor, oldest first, page by page. A page is kept
before the cursor moves over it. What came by webhook too has the same name and is known."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.shop.api import ShopClient
from connectors.shop.payload import Payload
from connectors.shop.settings import ShopSettings
from hub.domain.arrival import Arrival
from hub.domain.errors import AuthRejected, Invalid, Misconfigured
from hub.ports.connector import ConnectorContext, Inlet

STREAM = "orders"
MAX_PAGES = 200
"""In one go; the next goes on from there."""
MOST_PAGES = 2_000
"""Where the cursor can move at the end only."""
OVERLAP, FIRST_OVERLAP = timedelta(minutes=2), timedelta(hours=1)
"""Clocks differ, and an order may be written late: a little is read twice, and known again."""
STRIPE_TYPES = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.succeeded",
    "charge.refunded",
    "invoice.finalized",
    "invoice.paid",
    "invoice.voided",
)


@dataclass(frozen=True, slots=True)
class Batch:
    """One page: what was told, and its newest change. `ordered`: nothing older comes after it."""

    topic: str
    things: list[Any]
    newest: datetime | None
    ordered: bool


class Reconciliation:
    """Asks one shop. `make` packs what it told for keeping."""

    def __init__(
        self,
        settings: ShopSettings,
        client: ShopClient,
        context: ConnectorContext,
        inlet: Inlet,
        make: Callable[..., Arrival],
    ) -> None:
        self._settings, self._client, self._context = settings, client, context
        self._inlet, self._make = inlet, make

    async def fetch_missed(self) -> str:
        """Returns how it stands, for the link's detail. Raises LinkError and StoreUnavailable."""
        assert self._settings.api is not None
        started = self._context.clock.now()
        cursor = read_cursor(await self._inlet.load_cursor(STREAM))
        history = cursor is None
        since = (cursor or started - timedelta(days=self._settings.api.backfill_days)) - OVERLAP
        newest, pages = since, 0
        async for batch in PAGES[self._settings.system](self._client, self._settings, since):
            for thing in batch.things:
                await self._keep(thing, batch.topic, history=history)
            if batch.newest is not None and batch.newest > newest:
                newest = batch.newest
                if batch.ordered and not history:
                    await self._save(newest)
            pages += 1
            if batch.ordered and pages >= MAX_PAGES:
                break
        # The cursor is a time of the shop's own clock; ours stands in only before the first order.
        await self._save(newest if newest > since else cursor or started - FIRST_OVERLAP)
        return await self._describe()

    async def _keep(self, thing: Any, topic: str, *, history: bool) -> None:
        body = json.dumps(thing, ensure_ascii=False, default=_plain).encode("utf-8", "replace")
        try:
            await self._inlet.accept(self._make(body, topic=topic, client=self._client.base[:200], history=history))
        except Invalid:
            # Too large to keep: it would be so the next time as well, and must not hold up the others.
            return

    async def _save(self, moment: datetime) -> None:
        await self._inlet.save_cursor(STREAM, moment.isoformat().encode())

    async def _describe(self) -> str:
        plain = f"asked every {self._settings.api.minutes if self._settings.api else 0} minutes, besides webhooks"
        if self._settings.system == "woocommerce":
            try:
                disabled = await find_disabled(self._client, self._context.name)
            except (AuthRejected, Misconfigured):
                return plain  # a key that may read orders only is enough
            if disabled:
                return f"the shop has disabled our webhook ({', '.join(disabled)[:100]}): enable it; {plain}"
        return plain


def _plain(value: Any) -> Any:
    """Exact numbers as text, which the readers take as well."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)


def read_cursor(value: bytes | None) -> datetime | None:
    """What was saved; None where there is none that can be read."""
    try:
        return datetime.fromisoformat(value.decode()) if value else None
    except ValueError:
        return None


def _newest(things: list[Any], *paths: str) -> datetime | None:
    moments = [moment for thing in things if (moment := Payload(thing).moment(*paths)) is not None]
    return max(moments, default=None)


def _listed(payload: Payload, path: str) -> list[Any]:
    found = payload.at(path).value
    return [one for one in found[:1_000] if isinstance(one, dict)] if isinstance(found, list) else []


async def _shopify(client: ShopClient, settings: ShopSettings, since: datetime) -> AsyncIterator[Batch]:
    """Pages follow each other by the Link header (RFC 8288); a page's cursor carries all criteria."""
    path = f"/admin/api/{settings.api.version if settings.api else ''}/orders.json"
    moment = since.astimezone(UTC).isoformat(timespec="seconds")
    query = {"status": "any", "limit": "250", "order": "updated_at asc", "updated_at_min": moment}
    while True:
        answered = await client.get(path, query)
        things = _listed(answered.payload, "orders")
        yield Batch("orders/updated", things, _newest(things, "updated_at"), True)
        further = _next_page(answered.headers.get("link", ""))
        if not further:
            return
        query = {"limit": "250", "page_info": further}


def _next_page(link: str) -> str:
    for part in link.split(","):
        target, _, about = part.partition(";")
        if 'rel="next"' in about:
            return parse_qs(urlsplit(target.strip().strip("<>")).query).get("page_info", [""])[0][:2_000]
    return ""


async def _woocommerce(client: ShopClient, settings: ShopSettings, since: datetime) -> AsyncIterator[Batch]:
    """Orders that change while they are read move to the end and push others over the border of a page; so each page
    is asked for by the last time seen, and by number only within one second."""
    page, size = 1, 100
    while True:
        query = {
            "modified_after": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "dates_are_gmt": "true",
            "orderby": "modified",
            "order": "asc",
            "per_page": str(size),
            "page": str(page),
        }
        answered = await client.get("/wp-json/wc/v3/orders", query)
        things = _listed(answered.payload, "")
        newest = _newest(things, "date_modified_gmt")
        yield Batch("order.updated", things, newest, True)
        if len(things) < size:
            return
        # `modified_after` excludes its own second.
        forward = newest - timedelta(seconds=1) if newest is not None else since
        if forward > since:
            since, page = forward, 1
        else:
            page += 1


async def _shopware(client: ShopClient, settings: ShopSettings, since: datetime) -> AsyncIterator[Batch]:
    """`updatedAt` is empty until an order changes for the first time, so both times are asked for."""
    moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+00:00")
    later = [{"type": "range", "field": field, "parameters": {"gte": moment}} for field in ("createdAt", "updatedAt")]
    criteria: dict[str, Any] = {
        "limit": 100,
        "filter": [{"type": "multi", "operator": "or", "queries": later}],
        "sort": [{"field": "createdAt", "order": "ASC"}, {"field": "id", "order": "ASC"}],
        "associations": {name: {} for name in ("lineItems", "currency", "stateMachineState", "billingAddress")}
        | {
            "orderCustomer": {"associations": {"customer": {}}},
            "transactions": {"associations": {"stateMachineState": {}, "paymentMethod": {}}},
            "deliveries": {"associations": {"stateMachineState": {}}},
        },
    }
    for page in range(1, MOST_PAGES):
        answered = await client.search("/api/search/order", {**criteria, "page": page})
        things = _listed(answered.payload, "data")
        yield Batch("order.read", things, _newest(things, "updatedAt", "createdAt"), False)
        if len(things) < 100:
            return


async def _stripe(client: ShopClient, settings: ShopSettings, since: datetime) -> AsyncIterator[Batch]:
    """Newest first."""
    query = {"limit": "100", "created[gte]": str(int(since.timestamp()))}
    query |= {f"types[{number}]": name for number, name in enumerate(STRIPE_TYPES)}
    for _ in range(MOST_PAGES):
        answered = await client.get("/v1/events", query)
        things = _listed(answered.payload, "data")
        yield Batch("", things, _newest(things, "created"), False)
        if answered.payload.at("has_more").value is not True or not things:
            return
        query["starting_after"] = Payload(things[-1]).text("id")


PAGES: dict[str, Callable[[ShopClient, ShopSettings, datetime], AsyncIterator[Batch]]] = {
    "shopify": _shopify,
    "woocommerce": _woocommerce,
    "shopware": _shopware,
    "stripe": _stripe,
}


async def find_disabled(client: ShopClient, name: str) -> list[str]:
    """The names of WooCommerce's webhooks to us that it has switched off (after more than five failures it does)."""
    answered = await client.get("/wp-json/wc/v3/webhooks", {"per_page": "100"})
    return [
        hook.text("name", "topic", limit=60)
        for hook in answered.payload.each()
        if f"/in/{name}" in hook.text("delivery_url") and hook.text("status") != "active"
    ]

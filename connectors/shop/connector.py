"""A shop: its webhooks come to us, and from time to time we ask it for what none of them brought.

Each event is kept before the shop hears 200. Shops drop what they cannot deliver (WooCommerce at once, and it disables
the webhook after five failures), so the API is the net below: what both bring has one name and is one entry."""

import asyncio
import hashlib
import hmac
import json

import structlog

from connectors.shop.api import ShopClient
from connectors.shop.order import Telling
from connectors.shop.payload import Payload, read_json
from connectors.shop.probe import probe_shop
from connectors.shop.raw import Head, name_telling, pack, read_telling
from connectors.shop.reconcile import Reconciliation
from connectors.shop.settings import ShopSettings
from connectors.shop.signature import check_signature
from connectors.shop.systems.shopware import is_thin
from hub.domain.arrival import Arrival
from hub.domain.errors import Misconfigured, PermanentFailure, Refused, StoreUnavailable, Unreachable, Unreadable
from hub.domain.message import Envelope
from hub.ports.connector import ConnectorContext, HttpAnswer, HttpRequest, Inlet, LinkState, Parcel, ProbeStep, Receipt

log = structlog.get_logger()
TOPICS = {"shopify": "x-shopify-topic", "woocommerce": "x-wc-webhook-topic"}
EVENT_IDS = {"shopify": ("x-shopify-event-id", "x-shopify-webhook-id"), "shopware": ("x-shopware-event-id",)}
"""Where the payload itself does not name the event or its state."""
TAKEN = HttpAnswer(status=200, body=b"ok")


class ShopConnector:
    """One shop. Serves webhooks, can be probed, and asks the shop's API in `run` where one is configured."""

    def __init__(self, settings: ShopSettings, context: ConnectorContext) -> None:
        self._settings, self._context = settings, context
        self._ask = asyncio.Event()
        """Set where a webhook only said that something changed."""

    # Webhooks

    async def answer(self, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        """One webhook. See ServesHttp."""
        if self._settings.system == "shopware" and request.path.strip("/") in ("register", "confirm"):
            return self._answer_handshake(request)
        if request.method != "POST":
            return HttpAnswer(status=405, body=b"Webhooks are sent by POST.", headers=(("Allow", "POST"),))
        if self._is_ping(request):
            # WooCommerce asks once, unsigned, when a webhook is made, and wants exactly 200. Nothing is taken from it.
            return TAKEN
        check_signature(self._settings, request, self._context.clock.now())
        if self._asks_back(request):
            self._ask.set()
            return TAKEN
        await inlet.accept(self._arrival(request))
        return TAKEN

    def _is_ping(self, request: HttpRequest) -> bool:
        body = request.body.strip()
        named, _, number = body.partition(b"=")
        unsigned = not request.header("x-wc-webhook-signature")
        return self._settings.system == "woocommerce" and unsigned and named == b"webhook_id" and number.isdigit()

    def _asks_back(self, request: HttpRequest) -> bool:
        """Shopware's `order.written` names an order and no more; the API tells the rest, where there is one."""
        if self._settings.system != "shopware" or self._settings.api is None:
            return False
        try:
            return is_thin(Payload(read_json(request.body)))
        except Unreadable:
            return False

    def _arrival(self, request: HttpRequest) -> Arrival:
        system = self._settings.system
        topic = request.header(TOPICS[system])[:100].encode("ascii", "replace").decode() if system in TOPICS else ""
        return self.make_arrival(
            request.body, topic=topic, event_id=_event_id(system, request), client=request.client, history=False
        )

    def make_arrival(
        self, body: bytes, *, topic: str, event_id: str = "", client: str = "", history: bool = False
    ) -> Arrival:
        """What is kept of one thing that the shop told, by webhook or asked. What cannot be read is kept as well:
        it goes to quarantine with its bytes."""
        now, settings = self._context.clock.now(), self._settings
        head = Head(
            system=settings.system,
            topic=topic,
            invoices=settings.book == "invoices",
            received=now,
            mapping=settings.mapping,
            states=settings.states,
            minor=settings.minor_units,
        )
        telling = _try_reading(head, body)
        native = f"body:{hashlib.sha256(body).hexdigest()}"
        if telling is not None:
            native = name_telling(telling, body)
        if native.startswith("body:") and event_id:
            native = f"event:{event_id}"
        hint = (telling.customer.id or telling.customer.email or telling.order) if telling is not None else ""
        return Arrival(
            account=self._context.name,
            native_id=native,
            raw=pack(head, body),
            # The signature proved the shop, which names its own customers (docs/messages.md, "Identity").
            envelope=Envelope(sender=self._context.name, client=client, tls=True, authenticated=True),
            received_at=now,
            sender_hint=hint[:300],
            history=history,
        )

    # Shopware's registration of an app

    def _answer_handshake(self, request: HttpRequest) -> HttpAnswer:
        """The shop asks whether we know the app's secret, and gets the one that it is to sign with; then it confirms.
        Its API keys are not taken from there: an integration's are configured."""
        secret = self._settings.app_secret
        if secret is None:
            raise Refused("This shop has no app_secret: set it to let the app register.")
        if request.path.strip("/") == "confirm":
            check_signature(self._settings, request, self._context.clock.now())
            return TAKEN
        try:
            key, own = secret.reveal().encode(), self._settings.secrets[0].reveal()
        except ValueError as error:
            raise StoreUnavailable(f"A secret of this shop cannot be read: {error}.") from error
        query = request.url.partition("?")[2]
        right = hmac.new(key, query.encode(), hashlib.sha256).hexdigest()
        given = request.header("shopware-app-signature")[:200].strip().lower().encode("utf-8", "replace")
        if not hmac.compare_digest(right.encode(), given):
            raise Refused("The app's signature is missing or wrong: compare app_secret with the manifest.")
        asked = dict(request.query)
        proved = f"{asked.get('shop-id', '')}{asked.get('shop-url', '')}{self._settings.app_name}"
        answer = {
            "proof": hmac.new(key, proved.encode(), hashlib.sha256).hexdigest(),
            "secret": own,
            "confirmation_url": request.url.partition("?")[0].replace("/register", "/confirm"),
        }
        return HttpAnswer(body=json.dumps(answer).encode(), type="application/json")

    # Asking

    async def run(self, inlet: Inlet) -> None:
        """Ask at the start, every few minutes, and when a webhook says so. Without an API, webhooks are all there
        is."""
        inlet.report(LinkState.CONNECTING)
        api = self._settings.api
        try:
            for secret in (*self._settings.secrets, *((api.secret,) if api is not None else ())):
                secret.reveal()
        except ValueError as error:
            raise Misconfigured(f"A secret of this shop cannot be read: {error}.") from error
        if api is None:
            inlet.report(LinkState.UP, "waits for webhooks; without an api, what is missed stays missed")
            await asyncio.Event().wait()
            return
        async with ShopClient(self._settings, self._context.clock) as client:
            reconciliation = Reconciliation(self._settings, client, self._context, inlet, self.make_arrival)
            while True:
                self._ask.clear()
                try:
                    detail = await reconciliation.fetch_missed()
                except StoreUnavailable as error:
                    raise Unreachable("The store could not keep what the shop told; it is asked again.") from error
                inlet.report(LinkState.UP, detail)
                await self._wait(api.minutes * 60.0)

    async def _wait(self, seconds: float) -> None:
        sleep = asyncio.ensure_future(self._context.clock.sleep(seconds))
        asked = asyncio.ensure_future(self._ask.wait())
        try:
            await asyncio.wait({sleep, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            asked.cancel()

    async def send(self, parcel: Parcel) -> Receipt:
        """Shops carry no messages to their customers."""
        raise PermanentFailure("A shop cannot carry messages: answer the customer by mail or chat.")

    async def probe(self) -> list[ProbeStep]:
        """See Probes."""
        return await probe_shop(self._settings, self._context)


def _event_id(system: str, request: HttpRequest) -> str:
    names = EVENT_IDS.get(system, ())
    found = next((value[:200] for name in names if (value := request.header(name))), "")
    return found.encode("ascii", "replace").decode()


def _try_reading(head: Head, body: bytes) -> Telling | None:
    try:
        return read_telling(head, body)
    except Unreadable:
        return None

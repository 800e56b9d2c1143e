"""Webhooks: proved over the raw bytes, kept before the shop hears 200, once."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from connectors.shop.address import SHOP_FORM
from connectors.shop.payload import read_json
from connectors.shop.settings import ShopSettings
from hub.domain.errors import Invalid, PermanentFailure, Refused, StoreUnavailable, Unreadable
from hub.ports.connector import HttpRequest
from tests.fake_connector import ManualClock
from tests.fake_inlet import FakeInlet
from tests.shop_channel import (
    NOW,
    SECRET,
    case,
    case_json,
    digest,
    fresh,
    request,
    sha512,
    shop,
    shopify,
    shopware,
    stripe,
    woocommerce,
)

ORDER = case("shopify-order-paid")
WOO = case("woocommerce-order-processing")
PLACED = fresh(case_json("shopware-order-placed"))
CHECKOUT = case("stripe-checkout-completed")
SIGNED = {
    "shopify": shopify(ORDER),
    "woocommerce": woocommerce(WOO),
    "shopware": shopware(PLACED),
    "stripe": stripe(CHECKOUT),
    "generic": request(b'{"order":"1","total":"5"}', x_signature=digest(b'{"order":"1","total":"5"}').hex()),
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def inlet() -> FakeInlet:
    return FakeInlet()


@pytest.mark.parametrize("system", SIGNED)
async def test_what_is_signed_is_kept_before_the_shop_hears_200(
    system: str, clock: ManualClock, inlet: FakeInlet
) -> None:
    answer = await shop(clock, system).answer(SIGNED[system], inlet)
    assert answer.status == 200
    (arrival,) = inlet.arrivals
    assert arrival.raw.partition(b"\n")[2] == SIGNED[system].body
    assert arrival.envelope.authenticated


@pytest.mark.parametrize("system", SIGNED)
async def test_ac32_a_webhook_that_comes_twice_is_kept_once(system: str, clock: ManualClock, inlet: FakeInlet) -> None:
    connector = shop(clock, system)
    for _ in range(2):
        assert (await connector.answer(SIGNED[system], inlet)).status == 200
        clock.advance(20)
    assert (len(inlet.arrivals), len(inlet.repeated)) == (1, 1)


@pytest.mark.parametrize("system", SIGNED)
async def test_ac32_a_wrong_signature_is_refused(system: str, clock: ManualClock, inlet: FakeInlet) -> None:
    connector, signed = shop(clock, system), SIGNED[system]
    forged = [
        replace(signed, body=signed.body + b" "),
        replace(signed, headers=()),
        replace(signed, headers=tuple((name, value.swapcase()) for name, value in signed.headers if "sig" in name)),
        replace(signed, headers=tuple((name, "") for name, _ in signed.headers)),
        replace(signed, headers=tuple((name, "ÿ" * 50) for name, _ in signed.headers)),
        replace(signed, headers=tuple((name, "\udcff,t=\udcff,v1=\udcff") for name, _ in signed.headers)),
    ]
    if system in ("shopware", "generic"):
        del forged[2]  # hexadecimal digits mean the same in either case
    for one in forged:
        with pytest.raises(Refused):
            await connector.answer(one, inlet)
    assert inlet.attempts == 0


@pytest.mark.parametrize("system", SIGNED)
async def test_ac32_a_store_that_is_down_is_told_so_that_the_shop_sends_again(
    system: str, clock: ManualClock, inlet: FakeInlet
) -> None:
    inlet.accept_error, inlet.accept_errors_left = StoreUnavailable("full"), 1
    connector = shop(clock, system)
    with pytest.raises(StoreUnavailable):
        await connector.answer(SIGNED[system], inlet)
    assert (await connector.answer(SIGNED[system], inlet)).status == 200
    assert len(inlet.arrivals) == 1


async def test_ac32_an_old_timestamp_is_refused(clock: ManualClock, inlet: FakeInlet) -> None:
    late, early = NOW - timedelta(seconds=301), NOW + timedelta(seconds=301)
    for moment in (late, early):
        with pytest.raises(Refused):
            await shop(clock, "stripe").answer(stripe(CHECKOUT, moment), inlet)
    await shop(clock, "stripe").answer(stripe(CHECKOUT, NOW - timedelta(seconds=299)), inlet)
    await shop(clock, "stripe", tolerance_seconds=600).answer(stripe(CHECKOUT, late), inlet)
    old = fresh(case_json("shopware-order-placed"), NOW - timedelta(hours=6, seconds=1))
    with pytest.raises(Refused):
        await shop(clock, "shopware").answer(shopware(old), inlet)
    # Shopware repeats an event for four hours under its first time.
    again = fresh(case_json("shopware-order-placed"), NOW - timedelta(hours=4))
    await shop(clock, "shopware").answer(shopware(again), inlet)


async def test_a_stripe_signature_without_a_time_is_refused(clock: ManualClock, inlet: FakeInlet) -> None:
    signature = digest(b"." + CHECKOUT).hex()
    with pytest.raises(Refused):
        await shop(clock, "stripe").answer(request(CHECKOUT, stripe_signature=f"v1={signature}"), inlet)


async def test_while_a_secret_is_changed_both_count(clock: ManualClock, inlet: FakeInlet) -> None:
    connector = shop(clock, "shopify", secrets=["the new one", SECRET])
    await connector.answer(shopify(ORDER, secret="the new one"), inlet)
    await connector.answer(shopify(case("shopify-order-fulfilled"), secret=SECRET), inlet)
    with pytest.raises(Refused):
        await connector.answer(shopify(ORDER, secret="a third"), inlet)
    assert len(inlet.arrivals) == 2


async def test_stripe_signs_with_both_secrets_while_one_is_changed(clock: ManualClock, inlet: FakeInlet) -> None:
    others = (
        f",v1={digest(b'something else').hex()},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"
    )
    await shop(clock, "stripe").answer(stripe(CHECKOUT, others=others), inlet)
    assert len(inlet.arrivals) == 1


async def test_a_generic_signature_is_as_configured(clock: ManualClock, inlet: FakeInlet) -> None:
    rule = {"header": "X-Hub-Signature-512", "algorithm": "sha512", "prefix": "sha512="}
    body = b'{"order":"7","total":3}'
    connector = shop(clock, "generic", signature=rule)
    await connector.answer(request(body, x_hub_signature_512="sha512=" + sha512(body)), inlet)
    for wrong in (sha512(body), "sha256=" + sha512(body), "sha512=" + digest(body).hex()):
        with pytest.raises(Refused):
            await connector.answer(request(body, x_hub_signature_512=wrong), inlet)
    assert len(inlet.arrivals) == 1


async def test_a_generic_timestamp_is_signed_with_the_body(clock: ManualClock, inlet: FakeInlet) -> None:
    connector = shop(clock, "generic", signature={"header": "Webhook-Signature", "timestamp_header": "Webhook-Time"})
    body, moment = b'{"order":"7"}', str(int(NOW.timestamp()))

    def signed(at: str, over: str) -> HttpRequest:
        signature = digest(over.encode() + b"." + body).hex()
        return request(body, webhook_signature=signature, webhook_time=at)

    await connector.answer(signed(moment, moment), inlet)
    for at, over in ((str(int(moment) + 9), moment), (str(int(moment) - 900),) * 2, ("soon", "soon")):
        with pytest.raises(Refused):
            await connector.answer(signed(at, over), inlet)


async def test_a_state_is_known_again_whichever_topic_tells_of_it(clock: ManualClock, inlet: FakeInlet) -> None:
    connector = shop(clock, "shopify")
    for topic in ("orders/create", "orders/paid", "orders/updated"):
        await connector.answer(shopify(ORDER, topic, x_shopify_event_id=topic), inlet)
    assert (len(inlet.arrivals), len(inlet.repeated)) == (1, 2)
    # Two states within one second are two: they tell of different things.
    other = json.dumps({**json.loads(ORDER), "financial_status": "refunded"}).encode()
    await connector.answer(shopify(other, "orders/updated"), inlet)
    assert len(inlet.arrivals) == 2


async def test_what_names_no_state_is_known_by_the_shops_event_id(clock: ManualClock, inlet: FakeInlet) -> None:
    connector, body = shop(clock, "shopify"), case("shopify-unknown-topic")
    for delivery, event in (("d1", "e1"), ("d2", "e1"), ("d3", "e2")):
        await connector.answer(
            shopify(body, "products/update", x_shopify_webhook_id=delivery, x_shopify_event_id=event), inlet
        )
    assert [arrival.native_id for arrival in inlet.arrivals] == ["event:e1", "event:e2"]


async def test_ac32_malformed_json_with_the_right_signature_is_kept(clock: ManualClock, inlet: FakeInlet) -> None:
    for system, signed in (("shopify", shopify(b'{"id": 1, ')), ("shopware", shopware(b"\xff{"))):
        assert (await shop(clock, system).answer(signed, inlet)).status == 200
    assert [arrival.native_id.partition(":")[0] for arrival in inlet.arrivals] == ["body", "body"]


async def test_woocommerces_first_unsigned_ping_is_answered_and_not_kept(clock: ManualClock, inlet: FakeInlet) -> None:
    connector = shop(clock, "woocommerce")
    assert (await connector.answer(request(b"webhook_id=17"), inlet)).status == 200
    for body in (b"webhook_id=17&order=1", b'{"id": 727}', b"webhook_id=x"):
        with pytest.raises(Refused):
            await connector.answer(request(body), inlet)
    with pytest.raises(Refused):
        await shop(clock, "shopify").answer(request(b"webhook_id=17"), inlet)
    assert inlet.attempts == 0


async def test_two_deliveries_of_woocommerce_within_a_second_are_two(clock: ManualClock, inlet: FakeInlet) -> None:
    """Its delivery id is made of webhook and second: two events may share it."""
    connector = shop(clock, "woocommerce")
    await connector.answer(woocommerce(case("woocommerce-order-on-hold"), "order.created"), inlet)
    await connector.answer(woocommerce(WOO), inlet)
    assert len(inlet.arrivals) == 2


async def test_only_post_is_a_webhook(clock: ManualClock, inlet: FakeInlet) -> None:
    answer = await shop(clock, "shopify").answer(request(b"", "GET"), inlet)
    assert (answer.status, dict(answer.headers)) == (405, {"Allow": "POST"})


async def test_a_secret_file_that_is_gone_refuses_and_does_not_crash(clock: ManualClock, inlet: FakeInlet) -> None:
    connector = shop(clock, "shopify", secrets=[{"file": "/nonexistent/secret"}])
    with pytest.raises(StoreUnavailable):
        await connector.answer(shopify(ORDER), inlet)


async def test_a_message_that_is_too_large_is_refused_for_good(clock: ManualClock, inlet: FakeInlet) -> None:
    inlet.accept_error = Invalid("too large")
    with pytest.raises(Invalid):
        await shop(clock, "shopify").answer(shopify(ORDER), inlet)


# Shopware's registration


def handshake(secret: str = "app secret") -> HttpRequest:
    query = "shop-id=dgrH7nLU6tlE&shop-url=https://shop.example&timestamp=1795165502"
    signature = hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    url = f"https://hub.example/in/northwind/register?{query}"
    return request(b"", "GET", "register", url, shopware_app_signature=signature)


async def test_shopware_registers_the_app_and_is_told_the_secret(clock: ManualClock, inlet: FakeInlet) -> None:
    connector = shop(clock, "shopware", app_secret="app secret", app_name="Hub")
    answer = await connector.answer(handshake(), inlet)
    told = json.loads(answer.body)
    proof = hmac.new(b"app secret", b"dgrH7nLU6tlEhttps://shop.exampleHub", hashlib.sha256).hexdigest()
    assert told == {
        "proof": proof,
        "secret": SECRET,
        "confirmation_url": "https://hub.example/in/northwind/confirm",
    }
    confirmed = replace(shopware(fresh({"apiKey": "k", "secretKey": "s", "shopId": "dgrH7nLU6tlE"})), path="confirm")
    assert (await connector.answer(confirmed, inlet)).status == 200
    assert inlet.attempts == 0


async def test_a_registration_that_the_apps_secret_did_not_sign_learns_nothing(
    clock: ManualClock, inlet: FakeInlet
) -> None:
    with pytest.raises(Refused):
        await shop(clock, "shopware", app_secret="app secret").answer(handshake("guessed"), inlet)
    with pytest.raises(Refused):
        await shop(clock, "shopware").answer(handshake(), inlet)
    odd = replace(handshake(), headers=(("shopware-app-signature", "ÿ\udcff"),))
    with pytest.raises(Refused):
        await shop(clock, "shopware", app_secret="app secret").answer(odd, inlet)


async def test_headers_that_are_no_text_do_no_harm(clock: ManualClock, inlet: FakeInlet) -> None:
    body = case("shopify-unknown-topic")
    answer = await shop(clock, "shopify").answer(shopify(body, "\udcff\udcfe", x_shopify_event_id="\udcff-1"), inlet)
    assert answer.status == 200
    inlet.arrivals[0].native_id.encode()


# Settings, addresses


async def test_a_shop_carries_no_messages(clock: ManualClock) -> None:
    with pytest.raises(PermanentFailure):
        await shop(clock, "shopify").send(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"system": "magento"},
        {"secrets": []},
        {"system": "generic"},
        {"system": "generic", "mapping": {"order": "id", "colour": "c"}},
        {"system": "woocommerce", "api": {"url": "https://shop.example", "secret": "s"}},
        {"system": "shopify", "api": {"secret": "s"}},
        {"api": {"url": "http://shop.example", "secret": "s"}},
        {"api": {"url": "https://user:pw@shop.example", "secret": "s"}},
        {"system": "generic", "mapping": {"order": "id"}, "api": {"url": "https://shop.example", "secret": "s"}},
        {"signature": {"algorithm": "md5"}},
    ],
)
def test_settings_that_cannot_work_are_refused_and_not_echoed(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        ShopSettings.model_validate({"system": "shopify", "secrets": ["hush-hush"], **wrong})
    assert "hush-hush" not in str(caught.value)


def test_a_customers_address_is_the_shops_name_and_number() -> None:
    assert SHOP_FORM.normalise(" northwind:cus_NffrFeUfNV2Hib ").normal == "northwind:cus_NffrFeUfNV2Hib"
    for wrong in ("northwind", "northwind:", "North:1", "https://x.example", "xmpp:a@b.example", "mailto:a@b", "a: b"):
        with pytest.raises(Invalid):
            SHOP_FORM.normalise(wrong)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(Unreadable):
        read_json(b"[" * 200_000)

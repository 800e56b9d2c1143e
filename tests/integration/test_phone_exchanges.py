"""The phone connector against scripted exchanges on loopback: FRITZ!Box, Asterisk, and the posts of sipgate and Twilio
through the hub's own door."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from connectors.phone.connector import PhoneConnector
from connectors.phone.settings import PhoneSettings
from connectors.phone.twilio import sign
from hub.domain.errors import AuthRejected, StoreUnavailable, Unreachable
from hub.domain.signal import SignalKind
from hub.ports.clock import SystemClock
from hub.ports.connector import ConnectorContext, LinkState
from tests.fake_inlet import FakeInlet
from tests.peers.door import ServedConnector
from tests.peers.exchanges import FritzBox, Manager

SECRET = "a-secret-of-the-exchange"
CALLER, OURS = "+492211234567", "492219876543"


def connector_for(exchange: str, port: int = 0, *, silence: float = 60.0, **more: Any) -> PhoneConnector:
    values: dict[str, Any] = {"exchange": exchange, "host": "127.0.0.1", "port": port, "area": "0221", **more}
    context = ConnectorContext(name="phone", hostname="hub.test", clock=SystemClock(), data_dir=Path("."))
    return PhoneConnector(PhoneSettings.model_validate(values), context, silence=silence)


def asterisk(port: int, **more: Any) -> PhoneConnector:
    return connector_for(
        "asterisk", port, **{"username": "fernamt", "secret": "manager-secret", "trunks": ["PJSIP/provider"], **more}
    )


@asynccontextmanager
async def running(connector: PhoneConnector, inlet: FakeInlet) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(connector.run(inlet))
    try:
        await inlet.until_state(LinkState.UP)
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Unreachable):
            await task


def records(inlet: FakeInlet) -> list[dict[str, Any]]:
    return [json.loads(arrival.raw) for arrival in inlet.arrivals]


# FRITZ!Box


async def test_a_missed_call_rings_at_once_and_is_kept_at_its_end() -> None:
    inlet = FakeInlet()
    async with FritzBox() as box, running(connector_for("fritzbox", box.port), inlet):
        await box.say(box.ring())
        await inlet.until(lambda: len(inlet.signals) == 1)
        assert inlet.arrivals == []
        await box.say(box.disconnect())
        await inlet.until_arrivals(1)
    (signal,), (record,) = inlet.signals, records(inlet)
    assert (signal.kind, signal.address and signal.address.normal) == (SignalKind.RINGING, CALLER)
    assert (signal.line, record["incoming"], record["answered"]) == ("02219876543", True, False)
    assert inlet.arrivals[0].native_id == "fritzbox:28.11.26 10:42:07/0"
    assert not inlet.arrivals[0].envelope.outgoing


async def test_a_call_that_somebody_takes_has_its_length() -> None:
    inlet = FakeInlet()
    async with FritzBox() as box, running(connector_for("fritzbox", box.port), inlet):
        await box.say(box.ring(), box.connect(), box.disconnect(seconds=61))
        await inlet.until_arrivals(1)
    (record,) = records(inlet)
    assert (record["answered"], record["seconds"], record["line"]) == (True, 61, "11")


async def test_the_answering_machine_of_the_box_is_nobody() -> None:
    inlet = FakeInlet()
    async with FritzBox() as box, running(connector_for("fritzbox", box.port), inlet):
        await box.say(box.ring(), box.connect(extension="40"), box.disconnect(seconds=20))
        await inlet.until_arrivals(1)
    (record,) = records(inlet)
    assert (record["answered"], record["machine"]) == (False, True)


async def test_our_own_calls_are_outgoing_and_ring_nowhere() -> None:
    inlet = FakeInlet()
    async with FritzBox() as box, running(connector_for("fritzbox", box.port), inlet):
        await box.say(box.call("01711234567#"), box.connect(slot=1), box.disconnect(slot=1, seconds=5))
        await inlet.until_arrivals(1)
    assert inlet.arrivals[0].envelope.outgoing
    assert (records(inlet)[0]["callee"], inlet.signals) == ("01711234567", [])


async def test_two_calls_at_once_stay_apart() -> None:
    inlet = FakeInlet()
    async with FritzBox() as box, running(connector_for("fritzbox", box.port), inlet):
        await box.say(box.ring(slot=0), box.ring("01711234567", slot=1), box.connect(slot=1))
        await box.say(box.disconnect(slot=0), box.disconnect(slot=1, seconds=9))
        await inlet.until_arrivals(2)
    assert [(one["caller"], one["answered"]) for one in records(inlet)] == [
        ("02211234567", False),
        ("01711234567", True),
    ]


async def test_a_hidden_missed_call_is_told_since_no_timeline_shows_it() -> None:
    inlet = FakeInlet()
    async with FritzBox() as box, running(connector_for("fritzbox", box.port), inlet):
        await box.say(box.ring(""), box.disconnect())
        await inlet.until_arrivals(1)
        await inlet.until(lambda: len(inlet.signals) == 2)
    assert [(one.kind, one.address) for one in inlet.signals] == [
        (SignalKind.RINGING, None),
        (SignalKind.MISSED, None),
    ]


async def test_a_call_survives_a_restart_of_the_hub() -> None:
    inlet = FakeInlet()
    async with FritzBox() as box:
        async with running(connector_for("fritzbox", box.port), inlet):
            await box.say(box.ring(), box.connect())
            await inlet.until(lambda: b"answered_at" in inlet.cursors.get("calls", b""))
            await inlet.until(lambda: json.loads(inlet.cursors["calls"])["0"]["answered_at"] != "")
        await box.left()
        inlet.reports.clear()
        async with running(connector_for("fritzbox", box.port), inlet):
            await box.say(box.disconnect(seconds=70))
            await inlet.until_arrivals(1)
    (record,) = records(inlet)
    assert (record["caller"], record["answered"], record["seconds"]) == ("02211234567", True, 70)


async def test_the_same_slot_again_ends_the_call_that_was_never_ended() -> None:
    inlet = FakeInlet()
    async with FritzBox() as box, running(connector_for("fritzbox", box.port), inlet):
        await box.say(box.ring(), box.ring("01711234567", at="28.11.26 11:00:00"))
        await inlet.until_arrivals(1)
    (record,) = records(inlet)
    assert (record["caller"], record["forgotten"]) == ("02211234567", True)


# Asterisk

PETRA = {"CallerIDNum": CALLER, "CallerIDName": "Petra Müller", "Linkedid": "17.1"}


async def test_asterisk_rings_at_each_telephone_and_ends_with_the_callers_channel() -> None:
    inlet = FakeInlet()
    async with Manager() as pbx, running(asterisk(pbx.port), inlet):
        trunk = {"Channel": "PJSIP/provider-0000001", "Uniqueid": "17.1", **PETRA}
        await pbx.event("Newchannel", Exten=OURS, **trunk)
        await pbx.event("DialBegin", DestChannel="PJSIP/20-0000002", DestUniqueid="17.2", **trunk)
        await pbx.event("DialBegin", DestChannel="PJSIP/21-0000003", DestUniqueid="17.3", **trunk)
        await inlet.until(lambda: len(inlet.signals) == 2)
        await pbx.event("DialEnd", DestChannel="PJSIP/21-0000003", DialStatus="ANSWER", **trunk)
        await pbx.event("Hangup", Channel="PJSIP/20-0000002", Uniqueid="17.2", Linkedid="17.1", Cause="26")
        await pbx.event("Hangup", Cause="16", **trunk)
        await inlet.until_arrivals(1)
    assert [one.line for one in inlet.signals] == ["20", "21"]
    (record,) = records(inlet)
    assert (record["answered"], record["line"], record["name"], record["caller"]) == (
        True,
        "21",
        "Petra Müller",
        CALLER,
    )
    assert "manager-secret" not in json.dumps(pbx.seen)


async def test_asterisk_tells_of_our_own_calls_and_of_none_in_the_house() -> None:
    inlet = FakeInlet()
    async with Manager() as pbx, running(asterisk(pbx.port), inlet):
        inside = {"Channel": "PJSIP/20-0000001", "Uniqueid": "18.1", "Linkedid": "18.1", "CallerIDNum": "20"}
        await pbx.event("DialBegin", DestChannel="PJSIP/21-0000002", Exten="21", **inside)
        await pbx.event("Hangup", **inside)
        outside = inside | {"Uniqueid": "19.1", "Linkedid": "19.1"}
        await pbx.event("Newchannel", Exten="01711234567", **outside)
        await pbx.event("DialBegin", DestChannel="PJSIP/provider-0000004", DialString="01711234567@provider", **outside)
        await pbx.event("DialEnd", DestChannel="PJSIP/provider-0000004", DialStatus="NOANSWER", **outside)
        await pbx.event("Hangup", Cause="19", **outside)
        await inlet.until_arrivals(1)
    (record,) = records(inlet)
    assert (record["incoming"], record["callee"], record["answered"]) == (False, "01711234567", False)
    assert (record["reason"], inlet.signals) == ("no answer", [])


async def test_a_caller_who_gives_up_in_the_menu_is_missed() -> None:
    inlet = FakeInlet()
    async with Manager() as pbx, running(asterisk(pbx.port), inlet):
        trunk = {"Channel": "PJSIP/provider-0000001", "Uniqueid": "17.1", **PETRA}
        await pbx.event("Newchannel", Exten=OURS, **trunk)
        await pbx.event("Hangup", Cause="16", **trunk)
        await inlet.until_arrivals(1)
    assert (records(inlet)[0]["answered"], inlet.signals) == (False, [])


async def test_a_wrong_manager_secret_parks_the_channel() -> None:
    async with Manager(secret="another") as pbx:
        with pytest.raises(AuthRejected, match="manager account"):
            await asyncio.wait_for(asterisk(pbx.port).run(FakeInlet()), 10)


async def test_the_probe_says_what_is_wrong() -> None:
    async with Manager() as pbx, FritzBox() as box:
        assert all(step.ok for step in await asterisk(pbx.port).probe())
        assert all(step.ok for step in await connector_for("fritzbox", box.port).probe())
        refused = await asterisk(pbx.port, secret="wrong").probe()
        port = box.port
    gone = await connector_for("fritzbox", port).probe()
    short = await connector_for("sipgate", secret="short").probe()
    assert [steps[-1].ok for steps in (refused, gone, short)] == [False, False, False]
    assert "#96*5*" in gone[-1].fix


# sipgate and Twilio


async def _post(url: str, form: dict[str, str], **headers: str) -> tuple[int, str, str]:
    async with aiohttp.ClientSession() as session, session.post(url, data=form, headers=headers) as answer:
        return answer.status, answer.content_type, await answer.text()


def _push(event: str, **more: str) -> dict[str, str]:
    return {"event": event, "callId": "4711", "direction": "in", "from": "492211234567", "to": OURS, **more}


async def test_sipgate_is_asked_for_the_end_and_tells_it() -> None:
    inlet = FakeInlet()
    connector = connector_for("sipgate", secret=SECRET)
    async with ServedConnector("phone", connector, inlet) as door:
        url = f"{door.url}/{SECRET}"
        status, kind, text = await _post(url, _push("newCall", user="Anna"))
        assert (status, kind) == (200, "application/xml")
        assert f'onHangup="{url}"' in text
        assert f'onAnswer="{url}"' in text
        assert (await _post(url, _push("answer", user="Anna")))[0] == 200
        assert (await _post(url, _push("hangup", cause="normalClearing")))[0] == 200
        assert (await _post(url, _push("hangup", cause="normalClearing")))[0] == 200
    assert inlet.signals[0].address is not None
    assert inlet.signals[0].address.normal == CALLER
    assert [(one["answered"], one["line"]) for one in records(inlet)] == [(True, OURS)]


async def test_a_wrong_secret_in_the_address_is_401_and_audited() -> None:
    inlet = FakeInlet()
    async with ServedConnector("phone", connector_for("sipgate", secret=SECRET), inlet) as door:
        for path in ("/wrong-secret-of-nobody", f"/{SECRET}x", ""):
            assert (await _post(f"{door.url}{path}", _push("newCall")))[0] == 401
    assert (inlet.signals, inlet.arrivals) == ([], [])
    assert door.audit.recorded == [("peers.answer", "phone", "refused")] * 3


async def test_a_store_that_is_down_is_503_so_that_sipgate_tries_again() -> None:
    inlet = FakeInlet(accept_error=StoreUnavailable("down"), accept_errors_left=1)
    async with ServedConnector("phone", connector_for("sipgate", secret=SECRET), inlet) as door:
        url = f"{door.url}/{SECRET}"
        await _post(url, _push("newCall"))
        assert (await _post(url, _push("hangup", cause="noAnswer")))[0] == 503
        assert (await _post(url, _push("hangup", cause="noAnswer")))[0] == 200
    assert [(one["answered"], one["reason"]) for one in records(inlet)] == [(False, "no answer")]


def _call(status: str, **more: str) -> dict[str, str]:
    return {"CallSid": "CA1", "CallStatus": status, "Direction": "inbound", "From": CALLER, "To": f"+{OURS}", **more}


async def test_twilio_lets_telephones_ring_and_tells_how_it_ended() -> None:
    inlet = FakeInlet()
    connector = connector_for("twilio", secret=SECRET, forward_to=["+491711234567"])

    async def post(path: str, form: dict[str, str]) -> tuple[int, str, str]:
        url = f"{door.url}/{path}"
        return await _post(url, form, **{"X-Twilio-Signature": sign(url, list(form.items()), SECRET)})

    async with ServedConnector("phone", connector, inlet) as door:
        status, _, text = await post("voice", _call("ringing"))
        assert status == 200
        assert "<Number>+491711234567</Number>" in text
        assert f"{door.url}/dialled" in text
        assert (await post("dialled", _call("in-progress", DialCallStatus="no-answer")))[2].endswith("<Response/>")
        assert (await post("status", _call("completed", CallDuration="31")))[0] == 200
    assert len(inlet.signals) == 1
    assert [(one["answered"], one["seconds"]) for one in records(inlet)] == [(False, 0)]


async def test_twilio_without_our_forwarding_tells_the_end_only() -> None:
    inlet = FakeInlet()
    async with ServedConnector("phone", connector_for("twilio", secret=SECRET), inlet) as door:
        url, form = f"{door.url}/status", _call("completed", CallDuration="31")
        signature = sign(url, list(form.items()), SECRET)
        assert (await _post(url, form, **{"X-Twilio-Signature": signature}))[0] == 200
    assert [(one["answered"], one["seconds"]) for one in records(inlet)] == [(True, 31)]


@pytest.mark.parametrize("signature", ["", "AAAA", "é" * 20])
async def test_a_wrong_signature_of_twilio_is_401_and_audited(signature: str) -> None:
    inlet = FakeInlet()
    async with ServedConnector("phone", connector_for("twilio", secret=SECRET), inlet) as door:
        sent = signature.encode().decode("latin-1")
        assert (await _post(f"{door.url}/status", _call("completed"), **{"X-Twilio-Signature": sent}))[0] == 401
    assert (inlet.arrivals, door.audit.recorded) == ([], [("peers.answer", "phone", "refused")])


def test_the_signature_is_that_of_twilios_documentation() -> None:
    """https://www.twilio.com/docs/usage/security: its example's address, parameters, token and signature."""
    form = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675310"),
        ("Digits", "1234"),
        ("From", "+14158675310"),
        ("To", "+18005551212"),
    ]
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert sign(url, form, "12345") == "GvWf1cFY/Q7PnoempGyD5oXAezc="


@pytest.mark.parametrize("body", [b"\xff\xfe", b"&" * 5_000, b"a=1&" * 500, b"<xml/>"])
async def test_posts_that_are_no_form_are_refused_or_ignored(body: bytes) -> None:
    inlet = FakeInlet()
    async with (
        ServedConnector("phone", connector_for("sipgate", secret=SECRET), inlet) as door,
        aiohttp.ClientSession() as session,
        session.post(f"{door.url}/{SECRET}", data=body) as answer,
    ):
        assert answer.status in (200, 400)
    assert inlet.arrivals == []

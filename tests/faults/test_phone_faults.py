"""Exchanges that break off, fall silent, cut lines and lie."""

import asyncio
import json

import pytest

from hub.domain.errors import StoreUnavailable, Unreachable
from hub.ports.connector import LinkState
from tests.fake_inlet import FakeInlet
from tests.integration.test_phone_exchanges import asterisk, connector_for, records, running
from tests.peers.exchanges import Exchange, FritzBox, Manager


async def test_a_reset_ends_the_session_and_the_call_goes_on_in_the_next_one() -> None:
    inlet = FakeInlet()
    async with FritzBox() as box:
        connector = connector_for("fritzbox", box.port)
        async with running(connector, inlet) as session:
            await box.say(box.ring())
            await inlet.until(lambda: b"02211234567" in inlet.cursors.get("calls", b""))
            box.reset()
            with pytest.raises(Unreachable):
                await asyncio.wait_for(session, 10)
        inlet.reports.clear()
        async with running(connector, inlet):
            await box.say(box.disconnect())
            await inlet.until_arrivals(1)
    assert records(inlet)[0]["caller"] == "02211234567"


async def test_half_a_line_before_the_end_is_no_event() -> None:
    inlet = FakeInlet()
    async with FritzBox() as box, running(connector_for("fritzbox", box.port), inlet) as session:
        await box.say(raw=b"28.11.26 10:42:07;RING;0;0221123")
        await box.stop()
        with pytest.raises(Unreachable, match="closed"):
            await asyncio.wait_for(session, 10)
        await box.start()
    assert (inlet.signals, inlet.arrivals) == ([], [])


async def test_a_line_without_an_end_ends_the_session() -> None:
    inlet = FakeInlet()
    async with FritzBox() as box, running(connector_for("fritzbox", box.port), inlet) as session:
        await box.say(raw=b"x" * 100_000)
        with pytest.raises(Unreachable, match="without an end"):
            await asyncio.wait_for(session, 10)


async def test_garbage_between_the_lines_is_skipped() -> None:
    inlet = FakeInlet()
    async with FritzBox() as box, running(connector_for("fritzbox", box.port), inlet):
        garbage = ("", ";;;;", "RING", "28.11.26 10:42:07;RING;x;1;2;3;", "28.11.26 10:42:07;DANCE;0;", "\x00\x01")
        await box.say(*garbage, box.ring(), box.disconnect(slot=7), box.disconnect())
        await inlet.until_arrivals(1)
    assert len(records(inlet)) == 1


async def test_while_the_store_is_down_the_end_of_a_call_waits() -> None:
    inlet = FakeInlet(accept_error=StoreUnavailable("down"), accept_errors_left=1)
    async with FritzBox() as box, running(connector_for("fritzbox", box.port), inlet):
        await box.say(box.ring(), box.disconnect())
        await inlet.until_arrivals(1)
    assert (inlet.attempts, json.loads(inlet.cursors["calls"])) == (2, {})


async def test_a_manager_that_falls_silent_is_left() -> None:
    inlet = FakeInlet()
    async with Manager() as pbx, running(asterisk(pbx.port, silence=0.4), inlet) as session:
        pbx.mute = True
        with pytest.raises(Unreachable, match="silent"):
            await asyncio.wait_for(session, 10)


async def test_a_quiet_manager_that_answers_stays_connected() -> None:
    inlet = FakeInlet()
    async with Manager() as pbx, running(asterisk(pbx.port, silence=0.2), inlet) as session:
        await pbx.pinged(4)
        assert not session.done()
        assert inlet.state is LinkState.UP


async def test_something_else_on_the_managers_port_is_named() -> None:
    async with Manager() as pbx:
        pbx.banner = b"220 mail.example ESMTP\r\n"
        with pytest.raises(Unreachable, match="no Asterisk manager"):
            await asyncio.wait_for(asterisk(pbx.port).run(FakeInlet()), 10)


async def test_a_message_without_an_end_ends_the_session() -> None:
    inlet = FakeInlet()
    async with Manager() as pbx, running(asterisk(pbx.port), inlet) as session:
        await pbx.say(*(f"Key{number}: value" for number in range(400)))
        with pytest.raises(Unreachable, match="without an end"):
            await asyncio.wait_for(session, 10)


async def test_nobody_at_home_is_unreachable() -> None:
    async with Exchange() as nobody:
        port = nobody.port
    with pytest.raises(Unreachable, match="cannot be reached"):
        await asyncio.wait_for(connector_for("fritzbox", port).run(FakeInlet()), 20)

"""AC-31: every way in which sending can fail, by real servers behind a proxy that breaks the network."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from connectors.email.connector import EmailConnector
from connectors.email.settings import EmailSettings
from hub.domain.errors import PermanentFailure, SendError, TemporaryFailure, UnknownOutcome
from hub.ports.connector import LinkState
from tests.fake_inlet import FakeInlet
from tests.mail_channel import mail_context, parcel, running
from tests.peers.cut_proxy import CutProxy
from tests.peers.process import LOOPBACK, PeerProcess, free_port, need


@contextlib.asynccontextmanager
async def smtp_sink(tmp_path: Path, *options: str) -> AsyncIterator[int]:
    """Postfix's test sink: takes mail and throws it away, or fails as the options say."""
    port = free_port()
    arguments = [need("smtp-sink", "postfix"), "-u", "nobody", *options, f"{LOOPBACK}:{port}", "100"]
    sink = PeerProcess(arguments, output=tmp_path / "sink.log").start(port)
    try:
        yield port
    finally:
        sink.stop()


def connector(port: int, **changes: Any) -> EmailConnector:
    table = {"host": "127.0.0.1", "port": port, "tls": "none", "timeout": 2, **changes}
    return EmailConnector(
        EmailSettings.model_validate({"address": "hub@hub.test", "submission": table}), mail_context()
    )


async def failure(sender: EmailConnector) -> SendError:
    with pytest.raises(SendError) as caught:
        await sender.send(parcel())
    return caught.value


async def test_ac31_server_down_is_temporary() -> None:
    error = await failure(connector(free_port()))
    assert isinstance(error, TemporaryFailure)
    assert "cannot be reached" in error.sentence


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
async def test_ac31_4xx_is_temporary_and_5xx_permanent_at_every_step(tmp_path: Path, command: str) -> None:
    async with smtp_sink(tmp_path, "-r", command) as port:
        error = await failure(connector(port))
        assert isinstance(error, TemporaryFailure), error
        assert str(error.fields["reply"]).startswith("4")
    async with smtp_sink(tmp_path, "-f", command) as port:
        error = await failure(connector(port))
        assert isinstance(error, PermanentFailure), error
        assert str(error.fields["reply"]).startswith("5")
        assert str(error.fields["status"]).startswith("5.")


@pytest.mark.parametrize("command", ["EHLO", "MAIL", "RCPT", "DATA"])
async def test_ac31_a_connection_lost_before_the_message_left_is_temporary(tmp_path: Path, command: str) -> None:
    async with smtp_sink(tmp_path, "-q", command) as port:
        assert isinstance(await failure(connector(port)), TemporaryFailure)


async def test_ac31_a_connection_cut_after_data_is_an_unknown_outcome(tmp_path: Path) -> None:
    async with smtp_sink(tmp_path) as port, CutProxy(LOOPBACK, port) as proxy:
        proxy.after_client(b"\r\n.\r\n", proxy.reset)
        error = await failure(connector(proxy.port))
        assert isinstance(error, UnknownOutcome)
        assert "nobody knows" in error.sentence
        # The next one is not harmed by it.
        assert (await connector(proxy.port).send(parcel())).detail.startswith("250")


async def test_ac31_a_server_that_is_silent_after_data_is_an_unknown_outcome(tmp_path: Path) -> None:
    async with smtp_sink(tmp_path) as port, CutProxy(LOOPBACK, port) as proxy:
        proxy.after_client(b"\r\n.\r\n", proxy.mute)
        assert isinstance(await failure(connector(proxy.port, timeout=1)), UnknownOutcome)


async def test_ac31_a_server_that_is_silent_before_data_is_temporary(tmp_path: Path) -> None:
    async with smtp_sink(tmp_path) as port, CutProxy(LOOPBACK, port) as proxy:
        proxy.stall()
        assert isinstance(await failure(connector(proxy.port, timeout=1)), TemporaryFailure)


async def test_ac31_a_cut_within_the_message_is_an_unknown_outcome(tmp_path: Path) -> None:
    async with smtp_sink(tmp_path) as port, CutProxy(LOOPBACK, port) as proxy:
        proxy.after_client(b"Message-ID:", proxy.reset)
        assert isinstance(await failure(connector(proxy.port)), UnknownOutcome)


async def test_a_kept_connection_that_the_server_closed_is_opened_again(tmp_path: Path) -> None:
    async with smtp_sink(tmp_path) as port, CutProxy(LOOPBACK, port) as proxy:
        sender = connector(proxy.port)
        await sender.send(parcel())
        proxy.reset()
        assert (await sender.send(parcel())).detail.startswith("250")
        assert proxy.accepted == 2


async def test_a_cancelled_attempt_leaves_no_connection_behind(tmp_path: Path) -> None:
    async with smtp_sink(tmp_path) as port, CutProxy(LOOPBACK, port) as proxy:
        sender = connector(proxy.port, timeout=30)
        proxy.after_server(b"354", proxy.stall)
        attempt = asyncio.ensure_future(sender.send(parcel()))
        await asyncio.sleep(0.3)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        proxy.resume()
        assert (await sender.send(parcel())).detail.startswith("250")


async def test_a_server_that_goes_away_is_told_and_so_is_its_return(tmp_path: Path) -> None:
    inlet = FakeInlet()
    async with smtp_sink(tmp_path) as port, CutProxy(LOOPBACK, port) as proxy:
        table = {"host": "127.0.0.1", "port": proxy.port, "tls": "none", "timeout": 2}
        channel = {"address": "hub@hub.test", "listen": "127.0.0.1:0", "submission": table}
        async with running(channel, inlet) as sender:
            await inlet.until_state(LinkState.UP)
            proxy.refusing = True
            with pytest.raises(TemporaryFailure):
                await sender.send(parcel())
            await inlet.until_state(LinkState.DOWN)
            proxy.refusing = False
            await inlet.until_state(LinkState.UP)


async def test_a_server_without_starttls_gets_no_mail(tmp_path: Path) -> None:
    async with smtp_sink(tmp_path) as port:
        error = await failure(connector(port, tls="starttls"))
        assert isinstance(error, TemporaryFailure)
        assert "STARTTLS" in error.sentence

"""Fax by a provider's mail gateway: our mail as a real Postfix sink takes it, and every way in which that can fail."""

import contextlib
import email
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from connectors.fax.connector import FaxConnector
from connectors.fax.settings import FaxSettings
from hub.domain.errors import PermanentFailure, TemporaryFailure, UnknownOutcome, Unreachable
from tests.fake_inlet import FakeInlet
from tests.fax_channel import OWN, connector_for, parcel
from tests.peers.cut_proxy import CutProxy
from tests.peers.process import LOOPBACK, PeerProcess, free_port, need
from tests.running_connector import running


@contextlib.asynccontextmanager
async def sink(tmp_path: Path, *options: str) -> AsyncIterator[int]:
    """Postfix's test sink; keeps each mail as a file."""
    port = free_port()
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/"):
            parent.chmod(0o755)
    arguments = [need("smtp-sink", "postfix"), "-u", "root", "-d", str(tmp_path / "mail-%M."), *options]
    process = PeerProcess([*arguments, f"{LOOPBACK}:{port}", "100"], output=tmp_path / "sink.log").start(port)
    try:
        yield port
    finally:
        process.stop()


def channel(port: int, **changes: Any) -> FaxConnector:
    table = {
        "recipient": "{number}@fax.example",
        "sender": "office@joinery.example",
        "host": LOOPBACK,
        "port": port,
        "tls": "none",
        "timeout": 2,
        **changes,
    }
    return connector_for(FaxSettings.model_validate({"gateway": "mail", "number": OWN, "mail": table}))


@pytest.mark.parametrize(("form", "written"), [("digits", "49300"), ("e164", "+49300"), ("00", "0049300")])
async def test_a_fax_is_a_mail_with_its_pages_as_pdf(tmp_path: Path, form: str, written: str) -> None:
    async with sink(tmp_path) as port:
        sender = channel(port, form=form, subject="code 4711")
        async with running(sender, FakeInlet()):
            receipt = await sender.send(parcel())
        assert "fax.example" in receipt.detail
        assert not receipt.delivered
    mails = [email.message_from_bytes(path.read_bytes()) for path in tmp_path.glob("mail-*")]
    mail = next(one for one in mails if one["Subject"] == "code 4711")
    assert mail["To"] == f"{written}000001@fax.example"
    assert mail["Message-ID"] == "<o_1@joinery.example>"
    part = next(part for part in mail.walk() if part.get_content_type() == "application/pdf")
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    assert data.startswith(b"%PDF")


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "."])
async def test_what_the_server_refuses_is_temporary_or_permanent(tmp_path: Path, step: str) -> None:
    for option, expected in (("-r", TemporaryFailure), ("-f", PermanentFailure)):
        async with sink(tmp_path, option, step) as port:
            with pytest.raises(expected):
                await channel(port).send(parcel())


async def test_a_server_that_is_down_is_unreachable() -> None:
    port = free_port()
    with pytest.raises(Unreachable):
        await channel(port).run(FakeInlet())
    with pytest.raises(TemporaryFailure):
        await channel(port).send(parcel())
    assert [step.ok for step in await channel(port).probe()] == [False]


async def test_a_lost_answer_to_the_data_is_unknown_and_a_reset_before_it_temporary(tmp_path: Path) -> None:
    async with sink(tmp_path) as port, CutProxy(LOOPBACK, port) as proxy:
        proxy.after_client(b"rcpt", proxy.reset)
        with pytest.raises(TemporaryFailure):
            await channel(proxy.port).send(parcel())
        proxy.after_client(b"\r\n.\r\n", proxy.mute)
        with pytest.raises(UnknownOutcome):
            await channel(proxy.port).send(parcel())

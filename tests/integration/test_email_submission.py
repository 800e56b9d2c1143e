"""Sending through a real Postfix, and what its refusals become."""

import asyncio
import email
import email.policy
import uuid
from pathlib import Path
from typing import Any

import pytest

from connectors.email.connector import EmailConnector
from connectors.email.settings import EmailSettings
from hub.domain.errors import PermanentFailure, TemporaryFailure
from hub.domain.outbox import Purpose
from hub.ports.connector import LinkState, ProbeStep
from tests.fake_inlet import FakeInlet
from tests.mail_channel import imap_table, mail_context, parcel, running, submission_table, unused_socket
from tests.peers.certificates import Certificates
from tests.peers.dovecot import Dovecot
from tests.peers.postfix import Postfix


def settings(postfix: Postfix, certificates: Certificates, **changes: Any) -> EmailSettings:
    table = submission_table(postfix, certificates, **changes)
    return EmailSettings.model_validate(
        {"address": "hub@hub.test", "display_name": "Müller & Söhne", "submission": table}
    )


@pytest.fixture
def customer(dovecot: Dovecot) -> str:
    return dovecot.register(f"k{uuid.uuid4().hex[:10]}@box.test")


async def received(dovecot: Dovecot, user: str, count: int = 1) -> list[bytes]:
    folder: Path = dovecot.maildir(user) / "new"
    async with asyncio.timeout(15):
        while len(list(folder.glob("*"))) < count:
            await asyncio.sleep(0.02)
    return [path.read_bytes() for path in sorted(folder.glob("*"))]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_reply_reaches_the_customer(
    postfix: Postfix, dovecot: Dovecot, certificates: Certificates, customer: str, tls: str
) -> None:
    port = postfix.submission_port if tls == "starttls" else postfix.submissions_port
    connector = EmailConnector(settings(postfix, certificates, tls=tls, port=port), mail_context())
    sent = parcel(customer, subject="Grüße")
    receipt = await connector.send(sent)
    assert receipt.native_ref
    assert receipt.detail.startswith("250 2.0.0 Ok: queued as")
    assert not receipt.delivered
    raw = (await received(dovecot, customer))[0]
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["Return-Path"] == "<hub@hub.test>"
    assert message["Message-ID"] == f"<{sent.item.content.message_id}>"
    assert message["From"].addresses[0].display_name == "Müller & Söhne"
    assert ".Punkt am Anfang" in message.get_content().splitlines()


async def test_automatic_mail_has_a_null_return_path(
    postfix: Postfix, dovecot: Dovecot, certificates: Certificates, customer: str
) -> None:
    connector = EmailConnector(settings(postfix, certificates), mail_context())
    await connector.send(parcel(customer, purpose=Purpose.AUTOMATIC))
    assert (await received(dovecot, customer))[0].startswith(b"Return-Path: <>")


async def test_many_mails_share_few_connections(
    postfix: Postfix, dovecot: Dovecot, certificates: Certificates, customer: str
) -> None:
    connector = EmailConnector(settings(postfix, certificates, max_connections=2), mail_context())
    before = postfix.log.count("]: connect from")
    await asyncio.gather(*(connector.send(parcel(customer)) for _ in range(12)))
    await connector.send(parcel(customer))
    assert len(await received(dovecot, customer, 13)) == 13
    assert postfix.log.count("]: connect from") - before <= 2


async def test_ac31_a_refused_recipient_is_a_permanent_failure_of_that_mail_alone(
    postfix: Postfix, dovecot: Dovecot, certificates: Certificates, customer: str
) -> None:
    connector = EmailConnector(settings(postfix, certificates), mail_context())
    with pytest.raises(PermanentFailure) as caught:
        await connector.send(parcel("refused@box.test"))
    assert caught.value.fields["reply"] == "550"
    assert caught.value.fields["status"] == "5.1.1"
    assert "No such customer" in str(caught.value.fields["peer"])
    with pytest.raises(TemporaryFailure) as later:
        await connector.send(parcel("later@box.test"))
    assert later.value.fields["reply"] == "450"
    assert await connector.send(parcel(customer))


async def test_wrong_passwords_and_servers_are_temporary_for_the_mail(
    postfix: Postfix, certificates: Certificates
) -> None:
    handle, closed_port = unused_socket()
    for changes in ({"password": "wrong"}, {"port": closed_port}, {"ca_file": ""}, {"port": postfix.submissions_port}):
        connector = EmailConnector(settings(postfix, certificates, **{"timeout": 4, **changes}), mail_context())
        with pytest.raises(TemporaryFailure):
            await connector.send(parcel())
    handle.close()


async def test_the_link_is_up_only_when_the_sign_in_works(postfix: Postfix, certificates: Certificates) -> None:
    inlet = FakeInlet()
    good = {"address": "hub@hub.test", "listen": "127.0.0.1:0"}
    async with running({**good, "submission": submission_table(postfix, certificates)}, inlet):
        await inlet.until_state(LinkState.UP)
    inlet = FakeInlet()
    wrong = submission_table(postfix, certificates, password="wrong")
    async with running({**good, "submission": wrong}, inlet) as connector:
        await inlet.until_state(LinkState.PARKED)
        assert "refuses name or password" in inlet.reports[-1][1]
        assert "Still working: SMTP on" in inlet.reports[-1][1]
        assert connector.ports


async def test_probing_tells_each_step(postfix: Postfix, dovecot: Dovecot, certificates: Certificates) -> None:
    table = {
        "listen": "127.0.0.1:0",
        "address": "hub@hub.test",
        "imap": imap_table(dovecot, certificates, "hub@hub.test"),
        "submission": submission_table(postfix, certificates),
    }

    async def probe(**changes: Any) -> list[ProbeStep]:
        return await EmailConnector(EmailSettings.model_validate({**table, **changes}), mail_context()).probe()

    good = await probe()
    assert all(step.ok for step in good), good
    assert [step.title for step in good] == [
        "Listen for mail",
        "Find the mailbox's server",
        "Connect to the mailbox",
        "Sign in to the mailbox",
        "Open the folders",
        "Find the server for sending",
        "Connect to the server for sending",
        "Sign in for sending",
    ]
    wrong = await probe(imap=imap_table(dovecot, certificates, "hub@hub.test", password="nope"))
    assert [step.ok for step in wrong] == [True, True, True, False]
    assert "user and password" in wrong[-1].fix
    untrusted = await probe(submission=submission_table(postfix, certificates, ca_file=""))
    assert untrusted[-1].title == "Connect to the server for sending"
    assert "ca_file" in untrusted[-1].detail
    unnamed = await probe(imap=imap_table(dovecot, certificates, "hub@hub.test", host="no.such.host.invalid"))
    assert unnamed[-1].title == "Find the mailbox's server"
    nowhere = await probe(imap=imap_table(dovecot, certificates, "hub@hub.test", folders=["Gibt es nicht"]))
    assert nowhere[-1].title == "Open the folders"
    assert "folders" in nowhere[-1].fix

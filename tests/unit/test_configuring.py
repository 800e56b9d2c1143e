"""Configuring channels while the hub runs: secrets go to files of their own, problems stand by their setting."""

import stat
from pathlib import Path

import pytest

from config.load import load
from connectors.registry import KINDS
from hub.configuring import LiveConfiguration
from hub.domain.errors import ConfigurationInvalid, NotFound
from tests.office import Office

TYPED = {"jid": "hub@joinery.example", "password": "open sesame", "tls": "none", "host": "127.0.0.1"}


class Live:
    def __init__(self, directory: Path) -> None:
        self.reloads = 0
        self.file, self.secrets = directory / "fernamt.toml", directory / "secrets"
        self.configuration = LiveConfiguration(self.file, self.secrets, KINDS, self._reload)

    async def _reload(self) -> None:
        self.reloads += 1


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(tmp_path)


async def test_a_typed_secret_goes_to_a_file_of_its_own(live: Live) -> None:
    await live.configuration.put_channel("chat", "xmpp", TYPED)
    assert "sesame" not in live.file.read_text("utf-8")
    secret = live.secrets / "chat-password"
    assert secret.read_text("utf-8") == "open sesame\n"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    kinds = {name: kind.settings for name, kind in KINDS.items()}
    assert load(live.file, kinds).channels["chat"].settings.password.reveal() == "open sesame"
    assert live.reloads == 1


async def test_a_nested_secret_too(live: Live) -> None:
    typed = {"address": "info@joinery.example", "imap.host": "mx.joinery.example", "imap.user": "info"}
    await live.configuration.put_channel("office", "email", {**typed, "imap.password": "secret"})
    assert (live.secrets / "office-imap-password").read_text("utf-8") == "secret\n"


async def test_what_is_wrong_is_told_by_setting_and_nothing_is_written(live: Live) -> None:
    with pytest.raises(ConfigurationInvalid) as told:
        await live.configuration.put_channel("chat", "xmpp", {**TYPED, "jid": "nonsense", "port": "70000"})
    assert {path for path, _ in told.value.problems} == {"jid", "port"}
    assert not live.file.exists()
    assert not live.secrets.exists()
    assert live.reloads == 0


async def test_unknown_kinds_and_bad_names(live: Live) -> None:
    with pytest.raises(NotFound):
        await live.configuration.put_channel("bird", "pigeon", {})
    with pytest.raises(ConfigurationInvalid) as told:
        await live.configuration.put_channel("Not A Name", "xmpp", TYPED)
    assert told.value.problems[0][0] == "name"


async def test_removing(live: Live) -> None:
    await live.configuration.put_channel("chat", "xmpp", TYPED)
    await live.configuration.remove_channel("chat")
    assert "[channels.chat]" not in live.file.read_text("utf-8")
    with pytest.raises(ConfigurationInvalid):
        await live.configuration.remove_channel("chat")


def test_every_kind_can_be_asked_for(live: Live) -> None:
    kinds = live.configuration.kinds()
    assert [kind.name for kind in kinds] == list(KINDS)
    assert all(kind.summary for kind in kinds)


async def test_the_verb_audits_and_tries_the_channel() -> None:
    office = await Office.open()
    name = next(account.name for account in office.accounts.all() if account.kind == "xmpp")
    steps = await office.channels.configure(office.admin, name, "xmpp", {"jid": "a@b.example", "password": "x"})
    assert steps
    assert office.configuration.channels[name][0] == "xmpp"
    assert "channels.configure" in [verb for _, verb, _, _ in office.audited()]

"""Changing the configuration file: comments stay, nothing bad is ever written, the version before is kept."""

import stat
from pathlib import Path

import pytest

from config.edit import ConfigFile
from config.load import ConfigError, load
from config.outline import outline, read_values
from connectors.email.settings import EmailSettings
from connectors.xmpp.settings import XmppSettings

KINDS = {"email": EmailSettings, "xmpp": XmppSettings}
CHAT = {"jid": "hub@joinery.example", "password": {"file": "/run/secret"}}


@pytest.fixture
def file(tmp_path: Path) -> ConfigFile:
    path = tmp_path / "fernamt.toml"
    path.write_text('# ours\n[hub]\ncompany = "Joinery" # the name\n', "utf-8")
    return ConfigFile(path, KINDS)


def test_a_channel_is_added_and_comments_stay(file: ConfigFile) -> None:
    file.put_channel("chat", "xmpp", CHAT)
    text = file.path.read_text("utf-8")
    assert "# ours" in text
    assert "# the name" in text
    config = load(file.path, KINDS)
    assert config.channels["chat"].settings.jid == "hub@joinery.example"
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_the_version_before_is_kept(file: ConfigFile) -> None:
    before = file.path.read_text("utf-8")
    file.put_channel("chat", "xmpp", CHAT)
    assert file.path.with_name("fernamt.toml.previous").read_text("utf-8") == before


@pytest.mark.parametrize(
    ("name", "kind", "table"),
    [
        ("chat", "xmpp", {"jid": "nonsense", "password": "x"}),
        ("chat", "pigeon", {}),
        ("Bad Name", "xmpp", CHAT),
        ("chat", "xmpp", {**CHAT, "colour": "red"}),
    ],
)
def test_what_is_wrong_changes_nothing(file: ConfigFile, name: str, kind: str, table: dict[str, object]) -> None:
    before = file.path.read_bytes()
    with pytest.raises(ConfigError):
        file.put_channel(name, kind, table)
    assert file.path.read_bytes() == before
    assert [path.name for path in file.path.parent.iterdir()] == ["fernamt.toml"]


def test_a_file_that_is_not_there_begins_with_what_runs_without_one(tmp_path: Path) -> None:
    file = ConfigFile(tmp_path / "fernamt.toml", KINDS)
    file.put_channel("chat", "xmpp", CHAT)
    assert set(load(file.path, KINDS).channels) == {"mail", "chat"}


def test_a_channel_is_removed(file: ConfigFile) -> None:
    file.put_channel("chat", "xmpp", CHAT)
    file.remove_channel("chat")
    assert load(file.path, KINDS).channels == {}
    with pytest.raises(ConfigError):
        file.remove_channel("chat")


def test_typed_words_become_values() -> None:
    typed = {"address": "a@b.example", "imap.host": "mx.example", "imap.port": "993", "imap.folders": "INBOX, Archive"}
    table = read_values(EmailSettings, typed)
    assert table["imap"] == {"host": "mx.example", "port": 993, "folders": ["INBOX", "Archive"]}
    assert read_values(XmppSettings, {"staff": "nein", "password": '{ file = "/x" }'}) == {
        "staff": False,
        "password": {"file": "/x"},
    }


@pytest.mark.parametrize("typed", [{"nonsense": "1"}, {"imap.port": "many"}, {"password": "{ file = "}])
def test_words_that_cannot_be_values_are_told_by_name(typed: dict[str, str]) -> None:
    settings = XmppSettings if "password" in typed else EmailSettings
    with pytest.raises(ConfigError) as told:
        read_values(settings, typed)
    assert told.value.problems[0][0] in typed


def test_the_outline_never_shows_a_secret() -> None:
    fields = {field.name: field for field in outline(XmppSettings)}
    assert fields["password"].form == "secret"
    assert fields["password"].default == ""
    assert fields["tls"].choices == ("implicit", "starttls", "none")
    assert fields["staff"].form == "yes-no"
    assert {field.table for field in outline(EmailSettings)} == {"", "imap", "submission"}

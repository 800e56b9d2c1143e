"""Reading the configuration: all problems at once, each with its path and what is permitted."""

from pathlib import Path

import pytest

from config.load import MAX_FILE_BYTES, ConfigError, load
from config.model import Config
from connectors.registry import KINDS

SETTINGS = {name: kind.settings for name, kind in KINDS.items()}


def read(tmp_path: Path, text: str | bytes, **options: str) -> Config:
    path = tmp_path / "fernamt.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path, SETTINGS, **options)


def problems(tmp_path: Path, text: str | bytes) -> dict[str, str]:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text)
    found = dict(refused.value.problems)
    assert len(found) == len(refused.value.problems)
    return found


def test_without_a_file_mail_is_taken_in_on_this_machine() -> None:
    config = load(None, SETTINGS)
    assert str(config.channels["mail"].settings.listen) == "127.0.0.1:8025"
    assert str(config.http.listen) == "127.0.0.1:8080"
    assert config.path is None
    assert config.storage.url is None


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        surprise = 1
        log = "loud"
        [hub]
        compny = "Tischlerei"
        language = "fr"
        time_zone = "Europe/Atlantis"
        [http]
        listen = "8080"
        [channels.mail]
        kind = "email"
        listn = "127.0.0.1:8025"
        [channels.mail.imap]
        user = "x"
        [channels.pigeon]
        kind = "pigeon"
        [channels.Chat]
        kind = "xmpp"
        [channels]
        odd = 3
        """,
    )
    assert found["surprise"].startswith("unknown setting; known are channels, customer_bot, documents, http, hub")
    assert found["hub.compny"] == "unknown setting; did you mean 'company'?"
    assert "'de' or 'en'" in found["hub.language"]
    assert "no time zone" in found["hub.time_zone"]
    assert "HOST:PORT" in found["http.listen"]
    assert found["log"] == "must be a table"
    assert found["channels.mail.listn"] == "unknown setting; did you mean 'listen'?"
    assert found["channels.mail.imap.host"] == "is needed but missing"
    assert found["channels.pigeon.kind"] == f"must be one of: {', '.join(sorted(KINDS))}"
    assert "lower case" in found["channels.Chat"]
    assert found["channels.odd"] == "must be a table"


def test_unknown_keys_of_a_nested_table_are_compared_with_its_own(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        [channels.mail]
        kind = "email"
        [channels.mail.imap]
        host = "localhost"
        user = "x"
        password = "secret-word"
        folder = ["INBOX"]
        """,
    )
    assert found == {"channels.mail.imap.folder": "unknown setting; did you mean 'folders'?"}


def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read(
            tmp_path,
            '[channels.mail]\nkind = "email"\naddress = "hunter2"\n[channels.mail.imap]\nhost = "h"\nport = "hunter2"',
        )
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"[hub\n", "not valid TOML"),
        (b'[hub]\ncompany = "\xe4"\n', "not UTF-8"),
        (b"#" * (MAX_FILE_BYTES + 1), "larger than 1 MiB"),
    ],
)
def test_what_is_no_configuration_is_said_in_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    found = problems(tmp_path, content)
    assert list(found) == [str(tmp_path / "fernamt.toml")]
    assert sentence in next(iter(found.values()))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "gone.toml", SETTINGS)
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, SETTINGS)


def test_channels_must_be_tables(tmp_path: Path) -> None:
    assert "one table for each channel" in problems(tmp_path, "channels = 3")["channels"]


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    text = """
    [http]
    listen = "127.0.0.1:1"
    public_url = "https://hub.example.org"
    [channels.post]
    kind = "email"
    listen = "127.0.0.1:2"
    max_recipients = 7
    """
    config = read(tmp_path, text, http="127.0.0.1:3", smtp="127.0.0.1:4", lmtp="unix:/run/f.sock")
    assert str(config.http.listen) == "127.0.0.1:3"
    assert config.http.public_url == "https://hub.example.org"
    assert list(config.channels) == ["post"]
    post = config.channels["post"].settings
    assert (str(post.listen), str(post.lmtp), post.max_recipients) == ("127.0.0.1:4", "unix:/run/f.sock", 7)


def test_the_command_line_can_open_the_only_mail_channel(tmp_path: Path) -> None:
    config = read(tmp_path, "", smtp="127.0.0.1:4")
    assert str(config.channels["mail"].settings.listen) == "127.0.0.1:4"
    assert read(tmp_path, "").channels == {}


@pytest.mark.parametrize("text", ["channels = 3", "http = 3\nchannels = [1]", '[channels]\nmail = "x"'])
def test_the_command_line_over_a_broken_file_is_a_problem_and_no_crash(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        read(tmp_path, text, http="127.0.0.1:3", smtp="127.0.0.1:4")


def test_a_wrong_place_on_the_command_line_is_told_by_its_path() -> None:
    with pytest.raises(ConfigError) as refused:
        load(None, SETTINGS, http="nonsense", smtp="x:y")
    assert {path for path, _ in refused.value.problems} == {"http.listen", "channels.mail.listen"}


def test_defaults_do_not_leak_from_one_load_into_the_next() -> None:
    load(None, SETTINGS, smtp="127.0.0.1:4")
    assert str(load(None, SETTINGS).channels["mail"].settings.listen) == "127.0.0.1:8025"

"""Field types that settings share."""

from pathlib import Path

import pytest

from config.fields import HostPort, Secret


@pytest.mark.parametrize("text", ["127.0.0.1:8025", "[::1]:8025", "mail.example.org:25", "unix:/run/f/lmtp.sock"])
def test_places_survive_being_written(text: str) -> None:
    assert str(HostPort.parse(text)) == text
    assert HostPort.parse(text) == HostPort.parse(text)


@pytest.mark.parametrize("text", ["", "8025", ":8025", "host", "host:", "host:x", "host:70000", "::1:25", "unix:rel"])
def test_wrong_places_are_explained(text: str) -> None:
    with pytest.raises(ValueError, match=r"HOST:PORT|host|socket"):
        HostPort.parse(text)


def test_a_secret_by_file_is_read_when_it_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "password"
    secret = Secret.parse({"file": str(path)})
    with pytest.raises(ValueError, match="check its path and rights"):
        secret.reveal()
    path.write_text("erste\n")
    assert secret.reveal() == "erste"
    path.write_text("zweite")
    assert secret.reveal() == "zweite"
    path.write_text("")
    with pytest.raises(ValueError, match="is empty"):
        secret.reveal()


def test_a_secret_by_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Secret.parse({"credential": "mail"})
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ValueError, match="LoadCredential"):
        secret.reveal()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "mail").write_text("geheim\n")
    assert secret.reveal() == "geheim"


@pytest.mark.parametrize("given", ["", {}, {"file": "relative"}, {"credential": "../x"}, {"file": "/a", "x": "b"}, 7])
def test_wrong_secrets_are_refused_without_showing_them(given: object) -> None:
    with pytest.raises(ValueError, match=r"must|named|plain name"):
        Secret.parse(given)


def test_a_literal_secret_is_never_shown() -> None:
    secret = Secret.parse("hunter2")
    assert "hunter2" not in f"{secret} {secret!r}"
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2")
    assert secret != Secret("other")

"""What a newcomer reads first."""

from hub.banner import show_banner
from hub.ports.connector import LinkState

CHANNELS = [
    ("mail", "email", LinkState.UP, "SMTP on 127.0.0.1:8025"),
    ("chat", "xmpp", LinkState.PARKED, "no password"),
]


def test_a_first_start_says_where_how_and_what_next() -> None:
    text = show_banner(
        console="http://127.0.0.1:8080", data="data", channels=CHANNELS, smtp="127.0.0.1:8025", password="abc-def"
    )
    assert "Fernamt is running." in text
    assert "http://127.0.0.1:8080" in text
    assert "admin, one-time password abc-def" in text
    assert "mail (email) up, SMTP on 127.0.0.1:8025" in text
    assert "chat (xmpp) PARKED: no password" in text
    assert "swaks --server 127.0.0.1:8025" in text
    assert "curl -s smtp://127.0.0.1:8025" in text
    assert "fernamt ask who is petra" in text


def test_a_later_start_shows_no_password_and_names_its_own_data() -> None:
    text = show_banner(console="http://h", data="/srv/fernamt", channels=[], smtp="", password=None)
    assert "password" not in text
    assert "swaks" not in text
    assert "--data /srv/fernamt ask" in text

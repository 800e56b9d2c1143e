"""The peers as fixtures: each starts when the first test asks for it and ends with the session."""

import shutil
from collections.abc import Iterator
from typing import TypeVar

import pytest

from tests.peers.bot_api import BotApi
from tests.peers.certificates import Certificates, make_certificates
from tests.peers.dovecot import Dovecot
from tests.peers.hylafax import Hylafax
from tests.peers.postfix import Postfix
from tests.peers.process import private_directory
from tests.peers.prosody import ACCOUNTS, Prosody
from tests.peers.secantus import Secantus

P = TypeVar("P", Prosody, Dovecot, Postfix, Secantus, BotApi, Hylafax)


@pytest.fixture(scope="session")
def certificates() -> Iterator[Certificates]:
    """A CA and a server certificate for every test name and 127.0.0.1."""
    directory = private_directory("tls")
    yield make_certificates(directory)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def prosody(certificates: Certificates) -> Iterator[Prosody]:
    """Prosody for hub.test (and other.test) with the accounts bot, alice and carol."""
    peer = Prosody(certificates)
    for user in ACCOUNTS:
        peer.register(user)
    yield from _running(peer)


@pytest.fixture(scope="session")
def dovecot(certificates: Certificates) -> Iterator[Dovecot]:
    """Dovecot with the users hub@hub.test (our own mailbox and our login for sending) and kunde@box.test."""
    peer = Dovecot(certificates)
    peer.register("hub@hub.test")
    peer.register("kunde@box.test")
    yield from _running(peer)


@pytest.fixture(scope="session")
def postfix(certificates: Certificates, dovecot: Dovecot) -> Iterator[Postfix]:
    """Postfix that delivers hub.test to the hub and box.test to Dovecot."""
    yield from _running(Postfix(certificates, dovecot))


@pytest.fixture(scope="session")
def secantus() -> Iterator[Secantus]:
    """A server that speaks MongoDB's protocol, shared: use a database of your own."""
    yield from _running(Secantus())


@pytest.fixture(scope="session")
def bot_api() -> Iterator[BotApi]:
    """A server that speaks Telegram's Bot API, shared: use a token of your own."""
    yield from _running(BotApi())


@pytest.fixture
def hylafax() -> Iterator[Hylafax]:
    """HylaFAX without a modem: it takes jobs and keeps them. One for each test; it starts in no time."""
    yield from _running(Hylafax())


@pytest.fixture(scope="session")
def fax_line() -> Iterator[Hylafax]:
    """HylaFAX with two software modems that call each other: real faxes."""
    yield from _running(Hylafax(modems=2))


def _running(peer: P) -> Iterator[P]:
    peer.start()
    try:
        yield peer
    finally:
        peer.stop()
        shutil.rmtree(peer.directory, ignore_errors=True)

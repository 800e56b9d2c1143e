"""Strangers on XMPP: how much they may send, and whom one need not count."""

from connectors.xmpp.guard import StrangerGuard
from hub.domain.address import Address
from tests.fake_connector import ManualClock
from tests.fake_switchboard import FakeSwitchboard


def jid(text: str) -> Address:
    return Address(channel="xmpp", normal=text)


def test_an_address_may_send_so_much_a_minute_and_then_again() -> None:
    clock = ManualClock()
    guard = StrangerGuard(clock, None, 2)
    assert [guard.permits(jid("a@spam.test")) for _ in range(3)] == [True, True, False]
    clock.advance(61)
    assert guard.permits(jid("a@spam.test"))


def test_a_domain_may_send_three_times_as_much_from_all_its_addresses() -> None:
    guard = StrangerGuard(ManualClock(), None, 2)
    permitted = [guard.permits(jid(f"u{number}@spam.test")) for number in range(8)]
    assert permitted == [True] * 6 + [False] * 2
    assert guard.permits(jid("honest@elsewhere.test"))


async def test_contacts_and_colleagues_are_known_and_looked_up_once_a_minute() -> None:
    clock, desk = ManualClock(), FakeSwitchboard(contacts={"petra@carpenter.test"})
    guard = StrangerGuard(clock, desk, 2)
    assert await guard.is_known(jid("petra@carpenter.test"))
    assert not await guard.is_known(jid("stranger@spam.test"))
    desk.contacts.clear()
    assert await guard.is_known(jid("petra@carpenter.test"))
    clock.advance(61)
    assert not await guard.is_known(jid("petra@carpenter.test"))
    assert not await StrangerGuard(clock, None, 2).is_known(jid("petra@carpenter.test"))

"""Who gets which contact into their list, where the server lets us write it and where it does not."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from slixmpp.plugins.xep_0356.privilege import XEP_0356, RosterAccess

from config.fields import Secret
from connectors.xmpp.jids import Jids
from connectors.xmpp.roster import GROUP, ContactList
from connectors.xmpp.session import Session
from connectors.xmpp.settings import XmppSettings
from connectors.xmpp.stream import open_component
from hub.domain.address import Address
from hub.domain.errors import StoreUnavailable
from hub.domain.ids import ContactId, random_id
from hub.ports.switchboard import MAX_CALLERS, Caller
from tests.fake_inlet import FakeInlet
from tests.fake_switchboard import FakeSwitchboard

ALICE = Address(channel="xmpp", normal="alice@hub.test")
JIDS = Jids(domain="crm.hub.test", bot="hub@crm.hub.test", public="info@crm.hub.test")


def callers(number: int) -> list[Caller]:
    return [Caller(contact_id=ContactId(random_id("c")), name=f"Contact {index}") for index in range(number)]


class Scene:
    """A component's stream that writes down what it would send, and answers every question with yes."""

    def __init__(self, contacts: list[Caller]) -> None:
        settings = XmppSettings.model_validate(
            {"mode": "component", "jid": JIDS.bot, "password": Secret.parse("x"), "host": "127.0.0.1"}
        )
        self.stream = open_component(settings, None)
        self.sent: list[Any] = []
        self.stream.send = self._take  # type: ignore[method-assign]
        self.desk = FakeSwitchboard(staff={ALICE.normal: "de"}, seen={ALICE.normal: contacts})
        self.inlet = FakeInlet()
        self.list = ContactList(Session(self.stream, "crm.hub.test"), self.desk, self.inlet, JIDS)

    def _take(self, stanza: Any, use_filters: bool = True) -> None:
        self.sent.append(stanza)
        if stanza.name == "iq":
            answer = stanza.reply()
            answer["from"], answer["to"] = stanza["to"], stanza["from"]
            asyncio.get_running_loop().call_soon(self.stream._spawn_event, answer.xml)

    def kinds(self) -> list[str]:
        return [one["type"] for one in self.sent if one.name == "presence"]


@pytest.fixture
def granted() -> Iterator[None]:
    """The server lets us read and write lists."""
    XEP_0356.granted_privileges["hub.test"].roster = RosterAccess.BOTH
    yield
    XEP_0356.granted_privileges.pop("hub.test", None)


async def test_where_lists_may_be_written_contacts_stand_there_with_name_and_group(granted: None) -> None:
    scene = Scene(found := callers(2))
    await scene.list.welcome(ALICE)
    (order,) = [one for one in scene.sent if one.name == "iq"]
    items = order["roster"]["items"]
    assert {str(jid): (item["name"], item["subscription"], item["groups"]) for jid, item in items.items()} == {
        JIDS.contact(caller.contact_id): (caller.name, "both", [GROUP]) for caller in found
    }
    assert "subscribe" not in scene.kinds()


async def test_elsewhere_contacts_ask_once_and_are_shown(granted: None) -> None:
    XEP_0356.granted_privileges.pop("hub.test")
    scene = Scene(callers(2))
    await scene.list.welcome(ALICE)
    await scene.list.welcome(ALICE)
    assert scene.kinds() == ["subscribe", "subscribe", "xa", "xa"]
    saved = json.loads(scene.inlet.cursors["offered/alice@hub.test"])
    assert len(saved) == 2
    again = ContactList(Session(scene.stream, "crm.hub.test"), scene.desk, scene.inlet, JIDS)
    scene.sent.clear()
    await again.welcome(ALICE)
    assert scene.kinds() == ["xa", "xa"]


async def test_at_most_so_many_are_offered() -> None:
    scene = Scene(callers(MAX_CALLERS + 5))
    await scene.list.welcome(ALICE)
    assert scene.kinds().count("subscribe") == MAX_CALLERS


async def test_a_store_that_is_down_is_tried_again_at_the_next_occasion() -> None:
    scene = Scene(callers(1))
    scene.desk.error = StoreUnavailable("down")
    with pytest.raises(StoreUnavailable):
        await scene.list.welcome(ALICE)
    scene.desk.error = None
    await scene.list.welcome(ALICE)
    assert scene.kinds() == ["subscribe", "xa"]


async def test_strangers_are_not_welcomed() -> None:
    scene = Scene(callers(1))
    await scene.list.welcome(Address(channel="xmpp", normal="mallory@evil.test"))
    assert scene.sent == []

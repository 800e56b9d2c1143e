"""A customer asks the bot for their documents: told is what is shared with them, to whoever has proved who they are."""

import pytest

from hub.domain.contact import Contact
from hub.domain.errors import NotFound
from hub.domain.views import FileData
from hub.ports.kinds import OVERVIEWS
from tests.reception_world import PETRA_CHAT, CustomerOffice


async def share(world: CustomerOffice, name: str, contact: Contact | None, key: str = "k") -> None:
    file = FileData(name=name, type="text/plain", data=name.encode())
    document = await world.filed.documents.upload(world.office.anna, file, contact_id=world.petra.id, key=name)
    whom = contact.id if contact else None
    await world.filed.documents.share(world.office.anna, document.id, contact_id=whom, key=key)


@pytest.mark.parametrize(("asked", "told"), [("Welche Dokumente habe ich?", "Für Sie"), ("my documents", "Shared")])
async def test_who_has_proved_it_is_told_what_is_shared_and_where(asked: str, told: str) -> None:
    world = await CustomerOffice.open()
    kunz = await world.customer("Erwin Kunz")
    await share(world, "Angebot.txt", world.petra)
    await share(world, "Fremd.txt", kunz)
    await share(world, "Über Petra.txt", None)
    await world.verified_chat()
    (answer,) = await world.chat(asked)
    assert told in answer
    assert "• Angebot.txt" in answer
    assert "Fremd" not in answer
    assert "Über Petra" not in answer
    secret = answer.partition("https://hub.example/d/")[2][:40]
    view = await world.filed.overviews.look(secret, "192.0.2.1")
    assert [one.name for one in view.shares] == ["Angebot.txt"]
    world.clock.advance(8 * 86_400)
    with pytest.raises(NotFound):
        await world.filed.overviews.look(secret, "192.0.2.1")


async def test_who_has_not_proved_it_is_told_nothing_and_offered_a_code() -> None:
    world = await CustomerOffice.open()
    await share(world, "Angebot.txt", world.petra)
    for text in ("Welche Dokumente habe ich?", "meine Dokumente"):
        answers = await world.chat(text, sender="stranger@chat.example")
        assert all("Angebot" not in answer and "/d/" not in answer for answer in answers)
    assert world.store.documents(OVERVIEWS).rows == {}


async def test_where_nothing_is_shared_no_link_is_made() -> None:
    world = await CustomerOffice.open()
    await world.verified_chat()
    (answer,) = await world.chat("Welche Dokumente habe ich?")
    assert "kein Dokument" in answer
    assert world.store.documents(OVERVIEWS).rows == {}


async def test_each_question_makes_one_link_however_often_it_is_answered() -> None:
    world = await CustomerOffice.open()
    await share(world, "Angebot.txt", world.petra)
    await world.verified_chat()
    await world.chat("Welche Dokumente habe ich?")
    world.build()
    await world.reception.settle()
    assert len(world.store.documents(OVERVIEWS).rows) == 1
    assert len(world.said(PETRA_CHAT)) == 1

"""Faxing by the bot: number and pages before the yes, "this", the same again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bots.staff import Staff
from hub.domain.address import Address
from hub.domain.ids import ContactId, InteractionId, OutboxId
from hub.domain.message import Attachment
from hub.domain.people import Actor
from hub.domain.views import FaxDraft, FaxReceipt, FileData
from hub.ports.bot import BotReply
from tests.memory_store import MemoryStore
from tests.unit.bots.fake_desk import NOW, actor, laid_desk

NUMBER = Address(channel="fax", normal="+4922112345")


@dataclass
class FakeFaxes:
    """FaxVerbs: a draft of `pages`, and what was sent."""

    pages: int = 1
    problem: str = ""
    repeated: bool = False
    sent: list[tuple[str, list[str], bool]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    async def draft(
        self, actor: Actor, contact_id: ContactId, text: str, *, files: Sequence[FileData] = (), number: str = ""
    ) -> FaxDraft:
        return FaxDraft(
            contact_id=contact_id,
            contact_name="Petra Müller",
            number=None if self.problem else NUMBER,
            pages=self.pages,
            cover=True,
            pictures=(FileData(name="page-1.png", type="image/png", data=b"\x89PNG"),),
            repeated_at=NOW - timedelta(minutes=12) if self.repeated else None,
            can_send=not self.problem,
            problem=self.problem,
        )

    async def send(
        self,
        actor: Actor,
        contact_id: ContactId,
        text: str,
        *,
        files: Sequence[FileData] = (),
        number: str = "",
        again: bool = False,
        key: str = "",
    ) -> FaxReceipt:
        if key not in self.keys:
            self.keys.add(key)
            self.sent.append((text, [file.name for file in files], again))
        return FaxReceipt(
            entry_id=InteractionId("i_x"),
            items=(OutboxId("o_x"),),
            leaves_at=NOW + timedelta(seconds=20),
            number=NUMBER,
        )


class Chat:
    def __init__(self) -> None:
        self.desk: Any = laid_desk()
        self.faxes = self.desk.faxes = FakeFaxes()
        self.store = MemoryStore()
        self.bot = Staff(verbs=self.desk, store=self.store, clock=self.desk.clock)
        self.turn = 0

    async def say(self, text: str, *files: Attachment, turn: str = "") -> BotReply:
        self.turn += 1
        now = self.desk.clock.now()
        return await self.bot.answer(actor(), text, turn_id=turn or f"a_{self.turn}", at=now, files=files)


async def test_number_and_pages_are_told_and_the_fax_leaves_after_a_yes() -> None:
    chat = Chat()
    asked = await chat.say("fax an Petra Müller: Die Stühle kommen Montag.")
    assert asked.text.startswith(
        "Fax an Petra Müller, +4922112345: 1 Seite, die erste ist das Deckblatt. „Die Stühle kommen Montag.“ Senden?"
    )
    assert [file.type for file in asked.files] == ["image/png"]
    assert chat.faxes.sent == []
    done = await chat.say("ja", turn="a_yes")
    assert "zurück" in done.text
    await chat.say("ja", turn="a_yes")
    assert chat.faxes.sent == [("Die Stühle kommen Montag.", [], False)]


async def test_no_sends_nothing() -> None:
    chat = Chat()
    await chat.say("fax an Petra Müller: Die Stühle kommen Montag.")
    await chat.say("nein")
    assert chat.faxes.sent == []


async def test_this_is_the_file_just_dropped() -> None:
    chat = Chat()
    sha256 = await chat.store.blobs.put(b"%PDF-1.7 plan")
    plan = Attachment(index=0, name="Plan.pdf", type="application/pdf", size=13, sha256=sha256)
    chat.faxes.pages = 3
    await chat.say("", plan)
    asked = await chat.say("faxe das an Petra Müller")
    assert "3 Seiten" in asked.text
    assert "Plan.pdf" in asked.text
    await chat.say("ja")
    assert chat.faxes.sent == [("", ["Plan.pdf"], False)]


async def test_this_is_the_last_answer_where_there_is_no_file() -> None:
    chat = Chat()
    shown = await chat.say("wer ist Holz Kunz")
    asked = await chat.say("fax this to Petra Müller")
    assert asked.intent == "fax"
    await chat.say("yes")
    assert chat.faxes.sent == [(shown.text, [], False)]


async def test_without_a_text_it_asks_for_one() -> None:
    chat = Chat()
    assert (await chat.say("schick ein Fax an Petra Müller")).text == "Was soll ich Petra Müller faxen?"
    assert "Seite" in (await chat.say("Bitte rufen Sie an.")).text
    await chat.say("ja")
    assert chat.faxes.sent == [("Bitte rufen Sie an.", [], False)]


async def test_ac42_the_same_again_is_asked_and_then_wanted() -> None:
    chat = Chat()
    chat.faxes.repeated = True
    asked = await chat.say("fax an Petra Müller: Noch einmal.")
    assert asked.text.startswith("Achtung: Dasselbe ging um 09:50 schon an diese Nummer.")
    await chat.say("ja")
    assert chat.faxes.sent == [("Noch einmal.", [], True)]


async def test_what_is_missing_is_said() -> None:
    chat = Chat()
    chat.faxes.problem = "This contact has no fax number."
    asked = await chat.say("fax an Petra Müller: Hallo")
    assert asked.text == "Von Petra Müller kenne ich keine Faxnummer. Trag sie am Kontakt ein."
    assert asked.buttons == ()

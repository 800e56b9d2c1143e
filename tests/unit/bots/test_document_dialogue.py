"""Documents by chat, over the real services: dropped and filed, found by a word inside, sent as a file or as a link."""

from dataclasses import replace
from typing import Any

import pytest

from bots.staff import Staff
from bots.staff.staff import StaffSettings
from hub.domain.document import DocumentSource
from hub.domain.message import Attachment
from hub.domain.people import Actor, UserRole
from hub.domain.views import FileData
from hub.ports.bot import BotReply
from hub.ports.kinds import CONTACTS, DOCUMENTS, INTERACTIONS, OUTBOX, OVERVIEWS, SHARES, Kind
from hub.services.documents.digesting import Digesting
from hub.services.documents.verbs import Documents
from hub.services.matching import name_entry
from tests.architecture.test_rights import bundle
from tests.office import SYSTEM, Office
from tests.office_files import pdf


class Chat:
    """Anna talks and drops files."""

    def __init__(self, office: Office, bot: Staff, documents: Documents) -> None:
        self.office, self.bot, self.documents, self.turn = office, bot, documents, 0
        self.who: Actor = office.anna
        self.digesting = Digesting(
            archive=documents.archive,
            checking=documents.checking,
            renderer=documents.renderer,
            clock=office.clock,
        )

    async def say(self, text: str, *files: FileData) -> BotReply:
        self.turn += 1
        self.office.clock.advance(1)
        kept = [
            Attachment(
                index=number,
                name=file.name,
                type=file.type,
                size=len(file.data),
                sha256=await self.office.store.blobs.put(file.data),
            )
            for number, file in enumerate(files)
        ]
        reply = await self.bot.answer(self.who, text, turn_id=f"a_{self.turn}", at=self.office.clock.now(), files=kept)
        await self.digesting.digest_all()
        return reply

    async def keep(self, name: str, text: str) -> None:
        file = FileData(name=name, type="text/plain", data=text.encode())
        await self.documents.upload(self.office.anna, file, key=name)
        await self.digesting.digest_all()

    @property
    def rows(self) -> list[str]:
        return [row.name for row in self.office.store.documents(DOCUMENTS).rows.values() if not row.removed_at]


@pytest.fixture
async def chat() -> Chat:
    office, verbs = await bundle()
    bot = Staff(verbs=verbs, store=office.store, clock=office.clock, settings=StaffSettings(time_zone="Europe/Berlin"))
    assert isinstance(verbs.documents, Documents)
    conversation = await office.world.receive()
    contact = await office.store.documents(CONTACTS).get(conversation.contact_id)
    assert contact is not None
    await office.store.search.put_names([name_entry(contact, [])])
    return Chat(office, bot, verbs.documents)


PLAN = FileData(name="Scan 17.pdf", type="application/pdf", data=pdf("Angebot: Treppe aus Kirschholz, Petra Müller"))


async def test_a_dropped_file_is_filed_after_a_yes_found_by_a_word_inside_it_and_taken_back(chat: Chat) -> None:
    await chat.say("wer ist Petra Müller")
    asked = await chat.say("", PLAN)
    assert "Scan 17.pdf" in asked.text
    assert "Petra Müller" in asked.text
    assert "Angebote" in asked.text
    assert chat.rows == []
    done = await chat.say("ja")
    assert "Abgelegt" in done.text
    [document] = chat.office.store.documents(DOCUMENTS).rows.values()
    assert (document.folder, document.source, bool(document.contact_id)) == ("Angebote", DocumentSource.BOT, True)
    found = await chat.say("suche Dokument Kirschholz")
    assert "Scan 17.pdf" in found.text
    assert "bei Petra Müller" in found.text
    await chat.say("", PLAN)
    await chat.say("ja")
    assert len(chat.rows) == 2
    back = await chat.say("zurück")
    assert "Wieder weg" in back.text
    assert len(chat.rows) == 1


async def test_the_same_yes_files_once(chat: Chat) -> None:
    await chat.say("", PLAN)
    await chat.say("ja")
    chat.turn -= 1
    await chat.say("ja")
    assert len(chat.rows) == 1


@pytest.mark.parametrize(
    ("words", "folder", "whose"),
    [
        ("leg das in den Ordner Pläne", "Pläne", False),
        ("leg das bei Petra Müller ab", "", True),
        ("file this with Petra Müller in the folder Offers", "Offers", True),
        ("put this in the folder Offers 2026", "Offers 2026", False),
    ],
)
async def test_where_it_goes_can_be_said(chat: Chat, words: str, folder: str, whose: bool) -> None:
    asked = await chat.say(words, FileData(name="x.bin", type="application/octet-stream", data=b"\0\1"))
    assert asked.intent == "file_document"
    await chat.say("ja" if words.startswith("leg") else "yes")
    [document] = chat.office.store.documents(DOCUMENTS).rows.values()
    assert (document.folder, bool(document.contact_id)) == (folder, whose)


@pytest.mark.parametrize(
    "words", ["schick Petra Müller die Preisliste", "sende die Preisliste an Petra Müller", "send Petra the price list"]
)
async def test_a_document_is_sent_by_its_name_after_a_yes(chat: Chat, words: str) -> None:
    await chat.keep("Preisliste 2026.txt", "Eiche 120 Euro")
    await chat.keep("Price list.txt", "Oak 120 euro")
    await chat.keep("Brief.txt", "hier steht auch Preisliste und price list")
    asked = await chat.say(words)
    assert asked.intent == "send_document"
    assert ("Preisliste 2026.txt" in asked.text) or ("Price list.txt" in asked.text)
    assert chat.office.store.documents(OUTBOX).rows == {}
    await chat.say("yes" if words.startswith("send P") else "ja")
    [item] = chat.office.store.documents(OUTBOX).rows.values()
    [file] = item.content.attachments
    assert (await chat.office.store.blobs.get(file.sha256)).startswith((b"Eiche", b"Oak"))


async def test_as_a_link_where_that_is_asked_for(chat: Chat) -> None:
    await chat.keep("Preisliste 2026.txt", "Eiche 120 Euro")
    asked = await chat.say("schick die Preisliste als Link an Petra Müller")
    assert "als Link" in asked.text
    assert chat.office.store.documents(SHARES).rows == {}
    await chat.say("ja")
    [item] = chat.office.store.documents(OUTBOX).rows.values()
    [share] = chat.office.store.documents(SHARES).rows.values()
    assert item.content.attachments == ()
    assert "https://hub.example/f/" in item.content.text
    assert share.contact_id == item.contact_id


async def test_of_several_the_number_picks_and_what_was_shown_is_meant(chat: Chat) -> None:
    await chat.keep("Preisliste Holz.txt", "Eiche")
    await chat.keep("Preisliste Beschläge.txt", "Griffe")
    asked = await chat.say("schick Petra Müller die Preisliste")
    assert len(asked.choices) == 2
    picked = await chat.say("2")
    assert picked.choices == () or picked.intent == "send_document"
    assert "Preisliste" in picked.text
    await chat.say("nein")
    await chat.say("suche Dokument Griffe")
    asked = await chat.say("schick das Dokument an Petra Müller")
    assert asked.intent == "send_document"
    assert "Beschläge" in asked.text


async def test_what_nobody_has_is_said(chat: Chat) -> None:
    assert "Kein Dokument" in (await chat.say("schick Petra Müller die Seekarte")).text
    assert "Kein Dokument" in (await chat.say("suche Dokument Seekarte")).text
    assert "zuerst die Datei" in (await chat.say("leg das bei Petra Müller ab")).text


async def test_whoever_may_not_file_is_only_told_what_it_is(chat: Chat) -> None:
    await chat.office.users.add(SYSTEM, "lea", UserRole.READ_ONLY, language="de")
    chat.who = await chat.office.actor("lea")
    reply = await chat.say("", PLAN)
    assert (reply.intent, reply.buttons) == ("files", ())
    assert chat.rows == []


@pytest.mark.parametrize(
    "words",
    [
        "gib Petra Müller die Übersicht ihrer Dokumente",
        "schick Petra Müller den Link zu ihren Dokumenten",
        "schicke die Übersicht der freigegebenen Dokumente an Petra Müller",
        "send Petra Müller the link to their shared documents",
        "give Petra Müller the overview of her documents",
    ],
)
async def test_the_link_to_somebodys_own_page_goes_to_them_after_a_yes(chat: Chat, words: str) -> None:
    english = words.startswith(("send", "give"))
    asked = await chat.say(words)
    assert asked.intent == "send_overview"
    assert ("their own page" if english else "eigenen Seite") in asked.text
    assert chat.office.store.documents(OVERVIEWS).rows == {}
    assert chat.office.store.documents(OUTBOX).rows == {}
    await chat.say("yes" if english else "ja")
    [item] = chat.office.store.documents(OUTBOX).rows.values()
    [overview] = chat.office.store.documents(OVERVIEWS).rows.values()
    assert "https://hub.example/d/" in item.content.text
    assert overview.contact_id == item.contact_id
    # The same yes makes and sends it once.
    chat.turn -= 1
    await chat.say("yes" if english else "ja")
    assert len(chat.office.store.documents(OVERVIEWS).rows) == 1
    assert len(chat.office.store.documents(OUTBOX).rows) == 1


@pytest.mark.parametrize(
    ("words", "kind", "place"),
    [
        ("gib Petra Müller die Übersicht ihrer Dokumente", OVERVIEWS, "/d/"),
        ("schick die Preisliste als Link an Petra Müller", SHARES, "/f/"),
    ],
)
async def test_what_must_be_looked_at_again_makes_no_link_and_carries_one(
    chat: Chat, words: str, kind: Kind[Any], place: str
) -> None:
    await chat.keep("Preisliste 2026.txt", "Eiche 120 Euro")
    asked = await chat.say(words)
    assert "ohne weiteren Text. Senden?" in asked.text
    assert asked.text.startswith(("Mit dem Link zur eigenen Seite", "Mit Preisliste 2026.txt als Link"))
    entries = chat.office.store.documents(INTERACTIONS).rows
    entries |= {id: replace(entry, subject="Etwas anderes") for id, entry in entries.items()}
    again = await chat.say("ja")
    assert "noch einmal ansehen" in again.text
    assert "Etwas anderes" in again.text
    assert chat.office.store.documents(kind).rows == {}
    await chat.say("ja")
    [item] = chat.office.store.documents(OUTBOX).rows.values()
    assert item.content.text.count(place) == 1
    assert len(chat.office.store.documents(kind).rows) == 1


async def test_a_no_makes_no_link(chat: Chat) -> None:
    await chat.say("gib Petra Müller die Übersicht ihrer Dokumente")
    await chat.say("nein")
    assert chat.office.store.documents(OVERVIEWS).rows == {}
    assert chat.office.store.documents(OUTBOX).rows == {}

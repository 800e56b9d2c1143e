"""Documents by chat: find one, send one, file what was just dropped on the bot."""

from collections.abc import Sequence

from bots.staff.command import Answer, Command, Slots
from bots.staff.commands.reply import find_conversation, propose_draft, submit_draft
from bots.staff.describing import one_line
from bots.staff.memory import Pending, Undo
from bots.staff.talk import Talk
from bots.staff.targets import find_target
from hub.domain.document import Document
from hub.domain.errors import NotFound
from hub.domain.folding import fold
from hub.domain.ids import ContactId
from hub.domain.people import Right
from hub.domain.turn import Choice
from hub.ports.bot import Confirm, Table

SHOWN = 8
MAX_QUERY = 200


async def propose_find(talk: Talk, slots: Slots) -> Answer:
    """The newest documents that hold all the words; a single one is shown whole."""
    if slots.get("document_id"):
        return await _show(talk, await talk.verbs.documents.get(talk.actor, slots["document_id"]))
    query = slots.get("query", "")[:MAX_QUERY].strip()
    if not query:
        return Answer(blocks=(talk.text("document.what"),), pending=Pending(stage="text", intent="find_document"))
    found = (await talk.verbs.documents.search(talk.actor, query, limit=SHOWN)).items
    quoted = talk.quote(one_line(query))
    if not found:
        return Answer(blocks=(talk.text("document.none", query=quoted),), slots={"query": query}, choices=())
    if len(found) == 1:
        return await _show(talk, found[0], query)
    rows = tuple(
        (str(number), talk.moment(one.at), one_line(one.name, 60), one_line(one.folder, 40))
        for number, one in enumerate(found, 1)
    )
    return Answer(
        blocks=(
            talk.text("document.found", query=quoted),
            Table(headings=talk.headings("document.headings"), rows=rows),
            talk.text("document.pick"),
        ),
        slots={"query": query},
        choices=_choices(found),
    )


def _choices(found: Sequence[Document]) -> tuple[Choice, ...]:
    return tuple(Choice(kind="document", id=one.id, label=one_line(one.name, 60)) for one in found)


async def _show(talk: Talk, document: Document, query: str = "") -> Answer:
    whom = ""
    if document.contact_id:
        contact = await talk.verbs.contacts.resolve(talk.actor, document.contact_id)
        whom = one_line(contact.name)
    kind = "document.shown_contact" if whom else "document.shown"
    said = talk.text(
        kind,
        name=talk.quote(one_line(document.name, 100)),
        when=talk.moment(document.at),
        contact=whom,
        folder=talk.quote(document.folder) if document.folder else talk.say("document.no_folder"),
    )
    blocks = [said]
    if document.excerpt:
        blocks.append(talk.text("document.excerpt", text=one_line(document.excerpt, 200)))
    if document.scan.value in ("infected", "pending", "unscannable"):
        blocks.append(talk.text(f"document.scan_{document.scan.value}"))
    slots = {"document_id": document.id, "document": document.name} | ({"query": query} if query else {})
    return Answer(blocks=tuple(blocks), slots=slots, choices=_choices([document]))


# Sending


async def propose_send(talk: Talk, slots: Slots) -> Answer:
    """Which document, to whom, and the whole message as it would go out."""
    document = await _meant(talk, slots)
    if isinstance(document, Answer):
        return document
    kept = dict(slots) | {"document_id": document.id, "document": document.name}
    target = await find_target(talk, "send_document", kept)
    if isinstance(target, Answer):
        return target
    try:
        conversation_id = await find_conversation(talk, target)
    except NotFound:
        conversation_id = None
    if conversation_id is None:
        return Answer(blocks=(talk.text("reply.nothing", name=target.name),), contact_id=target.contact_id)
    draft = await talk.verbs.conversations.draft(talk.actor, conversation_id)
    text = slots.get("text", "").strip()
    name = one_line(document.name, 100)
    shown = talk.say("document.as_link", name=name) if slots.get("way") == "link" else name
    found = target.slots | {
        "conversation_id": str(conversation_id),
        "text": text,
        "files": shown,
        "document_id": document.id,
        "document": document.name,
        "way": slots.get("way", ""),
    }
    return propose_draft(talk, draft, found, intent="send_document")


async def _meant(talk: Talk, slots: Slots) -> Document | Answer:
    if slots.get("document_id"):
        return await talk.verbs.documents.get(talk.actor, slots["document_id"])
    wanted = slots.get("document", "")[:MAX_QUERY].strip()
    if not wanted:
        shown = [choice for choice in talk.memory.choices if choice.kind == "document"]
        if len(shown) == 1:
            return await talk.verbs.documents.get(talk.actor, shown[0].id)
        return Answer(blocks=(talk.text("document.which"),), slots=dict(slots))
    found = await _called(talk, wanted)
    if not found:
        quoted = talk.quote(one_line(wanted))
        return Answer(blocks=(talk.text("document.none", query=quoted),), slots=dict(slots), choices=())
    if len(found) > 1:
        pending = Pending(stage="choose", intent="send_document", slots=dict(slots))
        return Answer(
            blocks=(talk.text("document.several", query=talk.quote(one_line(wanted))),),
            choices=_choices(found),
            slots=dict(slots),
            pending=pending,
        )
    return found[0]


async def _called(talk: Talk, wanted: str) -> list[Document]:
    """By all the words; those that have them in their name count before those that only mention them."""
    found = (await talk.verbs.documents.search(talk.actor, wanted, limit=SHOWN)).items
    words = set(fold(wanted).split())
    named = [one for one in found if words <= set(fold(one.name.replace("_", " ")).split())]
    return named or found


async def carry_out_send(talk: Talk, slots: Slots) -> Answer:
    """As a file (the channel may make a link of it), or as a link where that was asked for."""
    documents = talk.verbs.documents

    async def share() -> str:
        address, _ = await documents.share(
            talk.actor, slots["document_id"], contact_id=ContactId(slots["contact_id"]), key=talk.key
        )
        return f"{one_line(slots['document'], 100)}: {address}"

    if slots.get("way") == "link":
        return await submit_draft(talk, slots, intent="send_document", enclose=share)
    file = await documents.download(talk.actor, slots["document_id"])
    return await submit_draft(talk, slots, intent="send_document", files=[file])


# Filing


async def propose_file(talk: Talk, slots: Slots) -> Answer:
    """Where the files just dropped seem to belong: by what stands in them, else by whom was just shown."""
    memory = talk.memory
    if not memory.files:
        return Answer(blocks=(talk.text("document.nothing_dropped"),), slots=dict(slots))
    kept = {name: value for name, value in slots.items() if name in ("folder", "contact", "contact_id", "links")}
    if kept.get("contact") or kept.get("contact_id"):
        target = await find_target(talk, "file_document", kept)
        if isinstance(target, Answer):
            return target
        kept |= target.slots
    else:
        kept = await _proposed(talk, kept)
    names = ", ".join(talk.quote(one_line(file.name, 60)) for file in memory.files)
    where = talk.say(_where(kept), contact=kept.get("contact", ""), folder=talk.quote(kept.get("folder", "")))
    return Answer(
        blocks=(Confirm(text=talk.say("document.file_confirm", names=names, where=where)), talk.text("document.or")),
        slots=kept,
        choices=(),
        buttons=tuple(talk.say(f"button.{button}") for button in ("yes", "no")),
        pending=Pending(stage="confirm", intent="file_document", slots=kept),
    )


def _where(kept: Slots) -> str:
    if kept.get("contact"):
        return "document.where_both" if kept.get("folder") else "document.where_contact"
    return "document.where_folder" if kept.get("folder") else "document.where_none"


async def _proposed(talk: Talk, kept: dict[str, str]) -> dict[str, str]:
    file = (await talk.files())[0]
    proposal = await talk.verbs.documents.propose(talk.actor, file)
    found = dict(kept)
    if proposal.folder:
        found.setdefault("folder", proposal.folder)
    if proposal.contact_id:
        found |= {"contact": one_line(proposal.contact_name), "contact_id": proposal.contact_id}
        found |= {"links": ",".join(proposal.links)} if proposal.links else {}
    elif talk.memory.contact_id:
        contact = await talk.verbs.contacts.resolve(talk.actor, talk.memory.contact_id)
        found |= {"contact": one_line(contact.name), "contact_id": contact.id}
    return found


async def carry_out_file(talk: Talk, slots: Slots) -> Answer:
    """Each file becomes one document, however often the yes is carried out."""
    contact_id = ContactId(slots["contact_id"]) if slots.get("contact_id") else None
    links = tuple(link for link in slots.get("links", "").split(",") if link)
    kept = [
        await talk.verbs.documents.upload(
            talk.actor,
            file,
            folder=slots.get("folder", ""),
            contact_id=contact_id,
            links=links,
            key=f"bot:{talk.key}:{number}",
        )
        for number, file in enumerate(await talk.files())
    ]
    names = ", ".join(talk.quote(one_line(one.name, 60)) for one in kept)
    return Answer(
        blocks=(talk.text("document.filed", names=names),),
        slots={"document_id": kept[0].id if kept else ""},
        choices=_choices(kept),
        buttons=(talk.say("button.back"),),
        undo=Undo(kind="file_document", items=tuple(one.id for one in kept)),
        contact_id=contact_id,
    )


FIND_DOCUMENT = Command(
    intent="find_document", propose=propose_find, right=Right.READ_CONTACTS, free_text="query", stands_alone=True
)
SEND_DOCUMENT = Command(
    intent="send_document",
    propose=propose_send,
    carry_out=carry_out_send,
    right=Right.WRITE_MESSAGES,
    free_text="text",
)
FILE_DOCUMENT = Command(
    intent="file_document", propose=propose_file, carry_out=carry_out_file, right=Right.EDIT_CONTACTS
)

"""Fax something to a contact: a text, the files just dropped on the bot, or what the bot answered last. Algorithm:

1. Find the contact and what is meant by "this"; have the pages drawn.
2. Tell number, pages and text, with small pictures of the pages, and wait for a yes; say where the same went there
   less than an hour ago.
3. After the yes submit it under the turn's id, so that the same yes sends once.
"""

from collections.abc import Sequence

from bots.staff.command import Answer, Command, Slots
from bots.staff.commands.reply import MAX_TEXT
from bots.staff.describing import one_line
from bots.staff.memory import Pending, Undo, read_reply
from bots.staff.talk import Talk
from bots.staff.targets import Target, find_target
from hub.domain.ids import ContactId
from hub.domain.people import Right
from hub.domain.views import FaxDraft, FileData
from hub.ports.bot import Block, Confirm


async def propose(talk: Talk, slots: Slots) -> Answer:
    """The whole fax as it would go out."""
    target = await find_target(talk, "fax", slots)
    if isinstance(target, Answer):
        return target
    text, files = await _document(talk, slots)
    found = target.slots | {"text": text, "files": ", ".join(file.name for file in files)}
    if not text and not files:
        kept = {name: value for name, value in found.items() if value}
        pending = Pending(stage="text", intent="fax", slots=kept)
        said = talk.text("fax.ask_text", name=target.name)
        return Answer(blocks=(said,), slots=kept, pending=pending, contact_id=target.contact_id)
    if len(text) > MAX_TEXT:
        number, limit = talk.number(len(text)), talk.number(MAX_TEXT)
        return _plain(talk, target, talk.say("reply.too_long", name=target.name, number=number, limit=limit))
    draft = await talk.verbs.faxes.draft(talk.actor, target.contact_id, text, files=files)
    if not draft.can_send or draft.number is None:
        key = f"fax.problem.{draft.problem}"
        return _plain(
            talk, target, talk.say(key, name=target.name) if talk.knows(key) else one_line(draft.problem, 300)
        )
    return _tell(talk, draft, found | {"number": draft.number.normal})


async def _document(talk: Talk, slots: Slots) -> tuple[str, Sequence[FileData]]:
    """What is to be faxed. "This" is a file where there is one, else the last answer."""
    text = slots.get("text", "").strip()
    if not slots.get("this"):
        return text, ()
    if talk.memory.files:
        return text, await talk.files()
    if not text and talk.memory.reply:
        return read_reply(talk.memory.reply).text.strip(), ()
    return text, ()


def _tell(talk: Talk, draft: FaxDraft, slots: dict[str, str]) -> Answer:
    assert draft.number is not None
    blocks: list[Block] = []
    if draft.repeated_at is not None:
        slots["again"] = "1"
        blocks.append(talk.text("fax.again", when=talk.time(draft.repeated_at)))
    key = "fax.pages" if draft.pages != 1 else "fax.page"
    cover = talk.say("fax.cover") if draft.cover else ""
    said = talk.say(
        "fax.confirm",
        name=draft.contact_name,
        number=draft.number.normal,
        pages=talk.say(key, pages=draft.pages) + cover,
        what=slots["files"] or talk.quote(one_line(slots["text"], 400)),
    )
    return Answer(
        blocks=(*blocks, Confirm(text=said)),
        slots=slots,
        buttons=tuple(talk.say(f"button.{button}") for button in ("yes", "no", "change")),
        pending=Pending(stage="confirm", intent="fax", slots=slots),
        contact_id=slots["contact_id"],
        files=draft.pictures,
    )


async def carry_out(talk: Talk, slots: Slots) -> Answer:
    """Submit it, once for the turn."""
    files = await talk.files() if slots.get("files") else ()
    receipt = await talk.verbs.faxes.send(
        talk.actor,
        ContactId(slots["contact_id"]),
        slots.get("text", ""),
        files=files,
        number=slots["number"],
        again=bool(slots.get("again")),
        key=talk.key,
    )
    seconds = int((receipt.leaves_at - talk.now).total_seconds())
    undo = Undo(kind="reply", items=tuple(receipt.items)) if seconds > 0 else None
    key = "fax.sent" if undo else "fax.sent_final"
    return Answer(
        blocks=(talk.text(key, number=receipt.number.normal, seconds=seconds),),
        slots={name: slots[name] for name in ("contact", "contact_id", "number") if slots.get(name)},
        buttons=(talk.say("button.back"),) if undo else (),
        undo=undo,
    )


def _plain(talk: Talk, target: Target, said: str) -> Answer:
    return Answer(blocks=(talk.text("accounts.said", text=said),), slots=target.slots, contact_id=target.contact_id)


FAX = Command(intent="fax", propose=propose, carry_out=carry_out, right=Right.WRITE_MESSAGES, free_text="text")

"""From kept updates (JSON, in a bundle with their files) to a Message. Pure."""

import hashlib
from typing import Any

from connectors.telegram.address import TELEGRAM_FORM
from connectors.telegram.files import list_files
from connectors.telegram.plain import number_of, part_of, text_of
from connectors.telegram.update import (
    DELETION,
    EDITS,
    MEMBERSHIP,
    PRESS,
    REACTION,
    Kept,
    Update,
    album_name,
    message_name,
    names_of,
    read_kept,
)
from connectors.telegram.words import tell_message, tell_person, tell_press, tell_quote, tell_reaction
from hub.domain.address import Address
from hub.domain.errors import Invalid, Unreadable
from hub.domain.facts import Reach, Relation
from hub.domain.message import (
    Attachment,
    Content,
    Envelope,
    InteractionKind,
    Message,
    MessageClass,
    Participant,
    ParticipantRole,
    Strength,
)
from hub.ports.bundle import Bundle, open_bundle
from hub.ports.parser import ParseContext

MAX_TEXT = 65_536
MAX_RELATED = 5
BUTTON, ALBUM, INVITED, GROUP, PAYLOAD = "button", "album", "invited", "group", "deep-link"
INVITE_START = "/start c_"
_WHY = {
    "too-large": "is larger than the 20 MB that Telegram gives to bots, or than this hub takes in",
    "no-room": "would have made the message larger than this hub takes in",
    "failed": "could not be fetched from Telegram",
}


class TelegramParser:
    """hub.ports.parser.Parser for kept updates."""

    def parse(self, raw: bytes, envelope: Envelope, context: ParseContext) -> Message:
        """The message; raises Unreadable for what is no update with a readable sender."""
        bundle = open_bundle(raw)
        kept = read_kept(bundle.native)
        first = kept.updates[0]
        chat = _read_chat(first)
        text, reply_text, problems = _read_text(kept, first)
        relation, related = _read_relation(kept, first)
        in_group = first.in_group
        seal = hashlib.sha256("\n".join((chat.address.normal, str(first.id), text)).encode())
        return Message(
            channel=TELEGRAM_FORM.name,
            sender=_own_side(kept) if first.by_colleague else chat,
            recipients=(_as_recipient(chat),) if first.by_colleague else (),
            message_id=_name(kept, first),
            date=first.at,
            content=Content(text=text, reply_text=reply_text, attachments=_attachments(bundle)),
            message_class=_class_of(first),
            strength=Strength.AUTHENTICATED if envelope.authenticated and not in_group else Strength.CLAIMED,
            forwarded=bool(part_of(first.message, "forward_origin")) and first.kind != PRESS,
            fingerprint=seal.hexdigest(),
            kind=InteractionKind.EVENT if first.kind == MEMBERSHIP else InteractionKind.MESSAGE,
            aliases=_own_number(first),
            relation=relation,
            related_to=related[:MAX_RELATED],
            marks=_marks(kept, first),
            problems=(*problems, *_missing(kept)),
            reach=_reach(first),
        )

    def extract(self, raw: bytes, index: int) -> bytes:
        """See Parser."""
        return open_bundle(raw).file(index)

    def render_html(self, raw: bytes) -> str | None:
        """Telegram has no HTML."""
        return None


def _read_chat(update: Update) -> Participant:
    """Whose message it is: the person's; of a group the group's, where answers are to be read by all of it."""
    whose = update.chat if update.in_group or update.by_colleague else (update.person or update.chat)
    try:
        address = TELEGRAM_FORM.name_person(number_of(whose, "id"), text_of(whose, "username")[:64])
    except Invalid as error:
        raise Unreadable("The update names nobody who could be answered.") from error
    return Participant(address=address, name=tell_person(whose), role=ParticipantRole.FROM)


def _own_side(kept: Kept) -> Participant | None:
    """A colleague's own account through which the bot writes: known by the bot, whose chats they are."""
    try:
        return Participant(address=TELEGRAM_FORM.normalise(kept.bot_id), role=ParticipantRole.FROM)
    except Invalid:
        return None


def _as_recipient(person: Participant) -> Participant:
    return Participant(address=person.address, name=person.name, role=ParticipantRole.TO)


def _name(kept: Kept, update: Update) -> str:
    if update.kind == PRESS:
        return f"telegram:{kept.bot_id}:press:{text_of(update.body, 'id')[:64]}"
    if update.kind in (DELETION, MEMBERSHIP):
        return ""
    if update.album and len(kept.updates) > 1:
        return album_name(kept.bot_id, update.chat_id, update.album)
    name = message_name(kept.bot_id, update.chat_id, number_of(update.message, "message_id"))
    if update.kind in EDITS:
        return f"{name}:edit:{update.id}"
    return f"{name}:reaction:{update.id}" if update.kind == REACTION else name


def _read_text(kept: Kept, first: Update) -> tuple[str, str, tuple[str, ...]]:
    """The whole text, what is new of it, and what could not be read."""
    problems: list[str] = []
    match first.kind:
        case "callback_query":
            said = tell_press(first.body)
        case "message_reaction":
            said = tell_reaction(first.body)
        case "deleted_business_messages":
            said = "✗"
        case "my_chat_member":
            said = "⛔" if _reach(first) is Reach.BLOCKED else "✓"
        case _:
            said, problems = _read_messages(kept)
    if not said:
        said = "\n".join([f"📎 {file.name}" for file in list_files(kept.updates) if file.file_id not in kept.files])
    if said.startswith(INVITE_START):
        said = "/start"  # the code is used up, and nobody's to read
    if first.in_group and (who := tell_person(first.person)):
        said = f"{who}: {said}"
    quote = "" if first.kind == PRESS else tell_quote(first.message)
    whole = f"{quote}\n\n{said}" if quote else said
    if len(whole) > MAX_TEXT:
        problems.append(f"The text was cut after {MAX_TEXT} of {len(whole)} characters.")
    return whole[:MAX_TEXT], said[:MAX_TEXT], tuple(problems)


def _read_messages(kept: Kept) -> tuple[str, list[str]]:
    lines, problems = [], []
    for update in kept.updates:
        said, unknown = tell_message(update.message)
        lines.append(said)
        if unknown:
            problems.append(f'Telegram calls the content "{unknown}"; it is not shown here, but kept as it came.')
    return "\n".join(dict.fromkeys([line for line in lines if line])), problems


def _read_relation(kept: Kept, update: Update) -> tuple[Relation | None, tuple[str, ...]]:
    bot, chat, message = kept.bot_id, update.chat_id, update.message
    if update.kind in EDITS:
        return Relation.CORRECTION, names_of(bot, chat, message)
    if update.kind == REACTION:
        return Relation.REACTION, names_of(bot, chat, message)
    if update.kind == PRESS:
        return None, names_of(bot, chat, message)
    if update.kind == DELETION:
        return Relation.RETRACTION, (message_name(bot, chat, kept.deleted),)
    if answered := part_of(message, "reply_to_message"):
        return Relation.REPLY, names_of(bot, chat, answered)
    return None, ()


def _attachments(bundle: Bundle) -> tuple[Attachment, ...]:
    return tuple(
        [
            Attachment(
                index=index,
                name=file.name,
                type=file.type,
                size=len(file.data),
                sha256=hashlib.sha256(file.data).hexdigest(),
            )
            for index, file in enumerate(bundle.files)
        ]
    )


def _missing(kept: Kept) -> list[str]:
    names = {file.file_id: file for file in list_files(kept.updates)}
    said = []
    for file_id, why in kept.missing:
        file = names.get(file_id)
        name = f'"{file.name[-80:]}"' if file else "of this message"
        size = f" ({file.size:,} bytes)" if file and file.size else ""
        said.append(f"The file {name}{size} {_WHY.get(why, _WHY['failed'])}. Its id there: {file_id}")
    return said


def _class_of(update: Update) -> MessageClass:
    if update.kind == MEMBERSHIP or update.person.get("is_bot") is True:
        return MessageClass.AUTO_REPLY
    return MessageClass.HUMAN


def _reach(update: Update) -> Reach | None:
    """Blocked and unblocked, as the API tells it of private chats (ChatMemberBanned, ChatMemberMember)."""
    if update.in_group:
        return None
    if update.kind != MEMBERSHIP:
        return Reach.OPEN if update.kind == "message" and text_of(update.body, "text").startswith("/start") else None
    status = text_of(part_of(update.body, "new_chat_member"), "status")
    return {"kicked": Reach.BLOCKED, "left": Reach.BLOCKED, "member": Reach.OPEN}.get(status)


def _own_number(update: Update) -> tuple[Participant, ...]:
    """The sender's own number, where they pressed "share my contact": only then the user_id is theirs."""
    contact = part_of(update.message, "contact") if update.kind == "message" else {}
    digits = "".join([sign for sign in text_of(contact, "phone_number") if sign.isdigit() and sign.isascii()])
    own = number_of(contact, "user_id") == number_of(update.person, "id") != 0
    if not own or not 7 <= len(digits) <= 15 or part_of(update.message, "forward_origin"):
        return ()
    return (Participant(address=Address(channel="phone", normal=f"+{digits}"), role=ParticipantRole.FROM),)


def _marks(kept: Kept, update: Update) -> tuple[str, ...]:
    marks = [BUTTON] if update.kind == PRESS else []
    if update.album:
        marks.append(ALBUM)
    if update.in_group:
        marks.append(GROUP)
    text = text_of(update.message, "text") if update.kind == "message" else ""
    if text.startswith("/start "):
        marks.append(INVITED if text.startswith(INVITE_START) else PAYLOAD)
    if any(part_of(one.message, kind) for one in kept.updates for kind in ("voice", "video_note")):
        marks.append("voice")
    return tuple(marks)


def invite_code(update: Update) -> str:
    """The one-time code of an invite link that was followed; ''."""
    text = text_of(update.body, "text") if update.kind == "message" and not update.in_group else ""
    return text[len(INVITE_START) :].strip()[:64] if text.startswith(INVITE_START) else ""


def deleted_numbers(update: Update) -> list[int]:
    """Which messages a deletion is about; at most 100 are told at once."""
    numbers: Any = update.body.get("message_ids") if update.kind == DELETION else None
    return [one for one in numbers[:100] if type(one) is int and one > 0] if isinstance(numbers, list) else []


TELEGRAM_PARSER = TelegramParser()

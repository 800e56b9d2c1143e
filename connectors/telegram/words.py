"""What a Telegram message says, as readable text: places, contacts, polls and the like in signs and plain data, which
need no language."""

from typing import Any

from connectors.telegram.plain import measure_of, number_of, part_of, parts_of, text_of

MAX_LINKS = 20
_FILES = ("photo", "document", "voice", "audio", "video", "video_note", "animation", "sticker")
_FRAME = frozenset(
    {
        *("message_id", "message_thread_id", "from", "sender_chat", "sender_boost_count", "sender_business_bot"),
        *("sender_tag", "date", "business_connection_id", "chat", "forward_origin", "is_topic_message"),
        *("is_automatic_forward", "reply_to_message", "external_reply", "quote", "reply_to_story", "via_bot"),
        *("edit_date", "has_protected_content", "is_from_offline", "is_paid_post", "media_group_id"),
        *("author_signature", "paid_star_count", "entities", "link_preview_options", "effect_id"),
        *("caption_entities", "show_caption_above_media", "has_media_spoiler", "reply_markup", "direct_messages_topic"),
        *("suggested_post_info", "reply_to_checklist_task_id"),
    }
)
"""What surrounds the content."""


def tell_person(person: dict[str, Any]) -> str:
    """ "Anna Schmidt"; the title of a group; the @name where there is nothing else."""
    names = (text_of(person, "first_name"), text_of(person, "last_name"))
    whole = " ".join(" ".join(names).split()) or text_of(person, "title").strip()
    username = text_of(person, "username")
    return (whole or (f"@{username}" if username else ""))[:200]


def tell_message(message: dict[str, Any]) -> tuple[str, str]:
    """What is new, and the kind of content that we have no words for ('' where there is none)."""
    lines = [_tell_forward(message), _tell_text(message), _tell_extras(message)]
    unknown = "" if any(lines[1:]) or any(message.get(kind) for kind in _FILES) else _unknown(message)
    if unknown:
        lines.append(f"[{unknown}]")
    return "\n".join([line for line in lines if line]), unknown


def tell_quote(message: dict[str, Any]) -> str:
    """The words that the sender quoted from the message answered, each line with a mark."""
    quoted = text_of(part_of(message, "quote"), "text")
    return "\n".join([f"> {line}" for line in quoted.splitlines()])


def tell_reaction(body: dict[str, Any]) -> str:
    """ "👍", or "✗ 👍" where it was taken back."""
    new, old = (_emojis(body, key) for key in ("new_reaction", "old_reaction"))
    return new or f"✗ {old}".strip()


def tell_press(body: dict[str, Any]) -> str:
    """The words of the button that was pressed."""
    data = text_of(body, "data")
    markup = part_of(part_of(body, "message"), "reply_markup")
    rows = markup.get("inline_keyboard")
    for row in rows[:100] if isinstance(rows, list) else ():
        for button in row[:8] if isinstance(row, list) else ():
            if data and text_of(button, "callback_data") == data:
                return text_of(button, "text")
    # Our own buttons carry their words where they are short enough.
    return data.partition(":")[2] or data


def _tell_forward(message: dict[str, Any]) -> str:
    origin = part_of(message, "forward_origin")
    if not origin:
        return ""
    who = text_of(origin, "sender_user_name")
    for key in ("sender_user", "sender_chat", "chat"):
        who = who or tell_person(part_of(origin, key))
    return f"↪ {who}:" if who else "↪"


def _tell_text(message: dict[str, Any]) -> str:
    text = text_of(message, "text") or text_of(message, "caption")
    entities = parts_of(message, "entities") or parts_of(message, "caption_entities")
    links = [text_of(one, "url") for one in entities if one.get("type") == "text_link"]
    shown = [f"🔗 {link}" for link in dict.fromkeys(links[:MAX_LINKS]) if link and link not in text]
    return "\n".join([line for line in (text, *shown) if line])


def _tell_extras(message: dict[str, Any]) -> str:
    if venue := part_of(message, "venue"):
        named = ", ".join([word for word in (text_of(venue, "title"), text_of(venue, "address")) if word])
        return f"📍 {named}\n{_tell_place(part_of(venue, 'location'))}"
    if place := part_of(message, "location"):
        return f"📍 {_tell_place(place)}"
    if contact := part_of(message, "contact"):
        number = text_of(contact, "phone_number")
        return "👤 " + ", ".join([word for word in (tell_person(contact), number) if word])
    if poll := part_of(message, "poll"):
        options = [f"• {text_of(option, 'text')}" for option in parts_of(poll, "options", 20)]
        return "\n".join((f"📊 {text_of(poll, 'question')}", *options))
    if dice := part_of(message, "dice"):
        return f"{text_of(dice, 'emoji') or '🎲'} {number_of(dice, 'value')}"
    if sticker := part_of(message, "sticker"):
        return text_of(sticker, "emoji") or "🏷"
    return ""


def _tell_place(place: dict[str, Any]) -> str:
    lat, lon = measure_of(place, "latitude"), measure_of(place, "longitude")
    live = " 🔴" if number_of(place, "live_period") else ""
    return f"{lat:.5f}, {lon:.5f}{live}\nhttps://www.openstreetmap.org/?mlat={lat:.5f}&mlon={lon:.5f}#map=17"


def _emojis(body: dict[str, Any], key: str) -> str:
    found = [text_of(one, "emoji") or "⭐" for one in parts_of(body, key, 20)]
    return " ".join(found)


def _unknown(message: dict[str, Any]) -> str:
    for key in message:
        if key not in _FRAME and key not in ("text", "caption"):
            return str(key)[:60]
    return "empty"

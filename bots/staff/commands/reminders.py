"""Reminders of one's own, the day's overview, and what one wants to be told by itself."""

from datetime import datetime

from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import one_line
from bots.staff.memory import Pending, Undo
from bots.staff.talk import Talk
from bots.staff.targets import pick
from bots.staff.telling import has_day, moment_of, tell_day, tell_item, tell_occurrence
from hub.domain.ids import ContactId
from hub.domain.reminder import ALERT_TOPICS
from hub.domain.turn import Choice
from hub.ports.bot import Block, Confirm, Table, Text

MORNING = "T09:00"
"""When a reminder is for a day without a time."""


async def propose_reminder(talk: Talk, slots: Slots) -> Answer:
    """When, and of what; asks for what lacks."""
    text, when = slots.get("text", "").strip()[:500], slots.get("when", "")
    kept = {name: slots[name] for name in ("when", "text") if slots.get(name)}
    if has_day(when) and "T" not in when:
        when = f"{when}{MORNING}"
    moment = None if slots.get("when_problem") else moment_of(talk, when)
    if moment is None or moment <= talk.now:
        key = "reminder.when" if not when else "reminder.bad_time"
        kept = {"text": text} if text else {}
        return Answer(blocks=(talk.text(key),), pending=Pending(stage="when", intent="remind_me", slots=kept))
    if not text:
        pending = Pending(stage="text", intent="remind_me", slots=kept)
        return Answer(blocks=(talk.text("reminder.what"),), pending=pending)
    found = {"at": moment.isoformat(), "text": text, "contact_id": talk.memory.contact_id}
    when_said = f"{tell_day(talk, moment.astimezone(talk.zone).date())}, {talk.time(moment)}"
    return Answer(
        blocks=(Confirm(text=talk.say("reminder.confirm", when=when_said, text=talk.quote_sentence(text))),),
        slots={name: value for name, value in found.items() if value},
        buttons=tuple(talk.say(f"button.{button}") for button in ("yes", "no", "change")),
        pending=Pending(stage="confirm", intent="remind_me", slots=found | {"when": when}),
    )


async def remind(talk: Talk, slots: Slots) -> Answer:
    """Keep it, once for the turn."""
    about = ContactId(slots["contact_id"]) if slots.get("contact_id") else None
    at = datetime.fromisoformat(slots["at"])
    made = await talk.verbs.reminders.remind(talk.actor, at, slots["text"], contact_id=about, key=talk.key)
    when_said = f"{tell_day(talk, at.astimezone(talk.zone).date())}, {talk.time(at)}"
    return Answer(
        blocks=(talk.text("reminder.done", when=when_said, text=talk.quote_sentence(slots["text"])),),
        slots={"at": slots["at"], "text": slots["text"]},
        buttons=(talk.say("button.back"),),
        undo=Undo(kind="remind_me", items=(made.id,)),
    )


async def list_reminders(talk: Talk, slots: Slots) -> Answer:
    """Those still to come."""
    found = (await talk.verbs.reminders.mine(talk.actor))[:9]
    if not found:
        return Answer(blocks=(talk.text("reminder.none"),), choices=())
    rows = tuple((str(n), talk.moment(it.due_at), one_line(it.text)) for n, it in enumerate(found, 1))
    return Answer(
        blocks=(
            talk.text("reminder.title"),
            Table(headings=talk.headings("reminder.headings"), rows=rows),
            talk.text("reminder.next"),
        ),
        choices=tuple(Choice(kind="reminder", id=it.id, label=one_line(it.text)) for it in found),
    )


async def drop_reminder(talk: Talk, slots: Slots) -> Answer:
    """Away with it: the numbered one, the only one, or the one just made."""
    shown = [choice for choice in talk.memory.choices if choice.kind == "reminder"]
    number = slots.get("number", "")
    choice = pick(talk.memory.choices, number) if number.isdigit() or number == "last" else None
    if choice is None and not number and len(shown) == 1:
        choice = shown[0]
    undo = talk.memory.undo
    if choice is None and not number and undo is not None and undo.kind == "remind_me":
        await talk.verbs.reminders.drop(talk.actor, undo.items[0])
        talk.memory.undo = None
        return Answer(blocks=(talk.text("reminder.dropped"),))
    if choice is None or choice.kind != "reminder":
        return await list_reminders(talk, {})
    await talk.verbs.reminders.drop(talk.actor, choice.id)
    return Answer(blocks=(talk.text("reminder.dropped_one", text=talk.quote_sentence(choice.label)),), choices=())


async def tell_day_ahead(talk: Talk, slots: Slots) -> Answer:
    """The day in one message."""
    found = await talk.verbs.reminders.briefing(talk.actor)
    blocks: list[Block] = [talk.text("briefing.title", day=tell_day(talk, talk.now.astimezone(talk.zone).date()))]
    for key, lines in (
        ("appointments", [tell_occurrence(talk, it) for it in found.appointments[:9]]),
        ("reminders", [f"{talk.moment(it.due_at)} {one_line(it.text)}" for it in found.reminders[:9]]),
        ("overdue", [f"{one_line(it.contact_name, 40)}: {tell_item(talk, it)}" for it in found.overdue[:5]]),
    ):
        shown = "\n".join(f"· {line}" for line in lines)
        blocks.append(Text(text=f"{talk.say(f'briefing.{key}')}\n{shown}" if lines else talk.say(f"briefing.no_{key}")))
    names = ", ".join(one_line(name, 40) for name in found.longest_waiting)
    key = "briefing.waiting" if found.waiting else "briefing.no_waiting"
    blocks.append(talk.text(key, number=talk.number(found.waiting), names=names))
    return Answer(blocks=tuple(blocks))


async def turn_on(talk: Talk, slots: Slots) -> Answer:
    """From now on it is told."""
    return await _turn(talk, slots, on=True)


async def turn_off(talk: Talk, slots: Slots) -> Answer:
    """From now on it is not told."""
    return await _turn(talk, slots, on=False)


async def _turn(talk: Talk, slots: Slots, *, on: bool) -> Answer:
    topic = slots.get("topic", "")
    if topic not in ALERT_TOPICS:
        named = ", ".join(talk.say(f"alert.{name}") for name in ALERT_TOPICS)
        return Answer(blocks=(talk.text("alert.which", topics=named),))
    choice = await talk.verbs.reminders.set_alert(talk.actor, topic, on)
    blocks: list[Block] = [talk.text("alert.on" if on else "alert.off", topic=talk.say(f"alert.{topic}"))]
    if on and topic == "weekly-mail":
        blocks.append(talk.text("alert.mail_to", address=choice.mail) if choice.mail else talk.text("alert.no_mail"))
    return Answer(blocks=tuple(blocks), slots={"topic": topic})


REMIND_ME = Command(intent="remind_me", propose=propose_reminder, carry_out=remind, free_text="text", stands_alone=True)
REMINDERS = Command(intent="reminders", propose=list_reminders, stands_alone=True)
DROP_REMINDER = Command(intent="drop_reminder", propose=drop_reminder, stands_alone=True)
BRIEFING = Command(intent="briefing", propose=tell_day_ahead, stands_alone=True)
ALERT_ON = Command(intent="alert_on", propose=turn_on, stands_alone=True)
ALERT_OFF = Command(intent="alert_off", propose=turn_off, stands_alone=True)

"""Tags, probable duplicates, merging and taking a merge apart."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import contact_label, one_line
from bots.staff.memory import Pending, Undo
from bots.staff.talk import Talk
from bots.staff.targets import find_target, pick
from hub.domain.ids import ContactId
from hub.domain.people import Right
from hub.domain.turn import Choice
from hub.ports.bot import Confirm, Table, Text

MAX_TAG = 40


async def propose_tag(talk: Talk, slots: Slots) -> Answer:
    """At once: a tag is taken back as quickly as it is set."""
    target = await find_target(talk, "tag", slots)
    if isinstance(target, Answer):
        return target
    tag = one_line(slots.get("tag", "").strip("#„“\"' "), MAX_TAG)
    if not tag:
        pending = Pending(stage="text", intent="tag", slots=target.slots)
        return Answer(blocks=(talk.text("tag.which", name=target.name),), pending=pending)
    found = target.slots | {"tag": tag}
    return Answer(
        blocks=(Confirm(text=talk.say("tag.confirm", name=target.name, tag=talk.quote(tag))),),
        slots=found,
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent="tag", slots=found),
        contact_id=target.contact_id,
    )


async def tag(talk: Talk, slots: Slots) -> Answer:
    """Setting it twice is the same as once."""
    await talk.verbs.register.tag(talk.actor, ContactId(slots["contact_id"]), slots["tag"])
    return Answer(
        blocks=(talk.text("tag.done", name=slots["contact"], tag=talk.quote(slots["tag"])),),
        slots=dict(slots),
        buttons=(talk.say("button.back"),),
        undo=Undo(kind="tag", items=(slots["contact_id"], slots["tag"])),
    )


async def list_duplicates(talk: Talk, slots: Slots) -> Answer:
    """Pairs with the reasons; a number proposes the merge."""
    found = await talk.verbs.register.duplicates(talk.actor, limit=9)
    if not found:
        return Answer(blocks=(talk.text("duplicates.none"),), choices=())
    rows = tuple(
        (
            str(number),
            contact_label(talk, it.first),
            contact_label(talk, it.second),
            ", ".join(talk.say(f"duplicate.{reason}") for reason in it.reasons),
            f"{it.score} %",
        )
        for number, it in enumerate(found, 1)
    )
    return Answer(
        blocks=(
            talk.text("duplicates.title"),
            Table(headings=talk.headings("duplicates.headings"), rows=rows),
            talk.text("duplicates.next"),
        ),
        choices=tuple(
            Choice(
                kind="duplicate",
                id=f"{it.first.id}|{it.second.id}",
                label=f"{one_line(it.first.name, 40)} + {one_line(it.second.name, 40)}",
            )
            for it in found
        ),
    )


async def propose_merge(talk: Talk, slots: Slots) -> Answer:
    """Into which contact which other one goes."""
    kept = dict(slots)
    choice = pick(talk.memory.choices, kept.get("contact", "")[1:]) if kept.get("contact", "")[1:].isdigit() else None
    if kept.get("pair") or (choice is not None and choice.kind == "duplicate"):
        pair = kept.get("pair") or (choice.id if choice else "")
        kept = {"contact_id": pair.partition("|")[0], "other_id": pair.partition("|")[2]}
    survivor = await find_target(talk, "merge", kept)
    if isinstance(survivor, Answer):
        return survivor
    if not kept.get("other_id") and not kept.get("other"):
        pending = Pending(stage="text", intent="merge", slots=survivor.slots)
        return Answer(blocks=(talk.text("merge.with_whom", name=survivor.name),), pending=pending)
    wanted = {"contact_id": kept["other_id"]} if kept.get("other_id") else {"contact": kept["other"]}
    other = await find_target(talk, "who", wanted)
    if isinstance(other, Answer):
        return other
    if other.contact_id == survivor.contact_id:
        return Answer(blocks=(talk.text("merge.same", name=survivor.name),))
    found = survivor.slots | {"other": other.name, "other_id": str(other.contact_id)}
    return Answer(
        blocks=(Confirm(text=talk.say("merge.confirm", name=survivor.name, other=other.name)),),
        slots=found,
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent="merge", slots=found),
        contact_id=survivor.contact_id,
    )


async def merge(talk: Talk, slots: Slots) -> Answer:
    """Once for the turn."""
    survivor, member = ContactId(slots["contact_id"]), ContactId(slots["other_id"])
    await talk.verbs.register.merge(talk.actor, survivor, member, key=talk.key)
    return Answer(
        blocks=(talk.text("merge.done", name=slots["contact"], other=slots["other"]),),
        slots=dict(slots),
        buttons=(talk.say("button.back"),),
        undo=Undo(kind="merge", items=(survivor, member)),
        contact_id=survivor,
    )


async def propose_unmerge(talk: Talk, slots: Slots) -> Answer:
    """The last member leaves; a number picks another."""
    target = await find_target(talk, "unmerge", slots)
    if isinstance(target, Answer):
        return target
    card = await talk.verbs.contacts.card(talk.actor, target.contact_id)
    if not card.contact.members:
        return Answer(blocks=(talk.text("merge.none", name=target.name),), contact_id=target.contact_id)
    found = target.slots | {"other_id": str(card.contact.members[-1])}
    return Answer(
        blocks=(Confirm(text=talk.say("merge.confirm_apart", name=target.name)),),
        slots=found,
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent="unmerge", slots=found),
        contact_id=target.contact_id,
    )


async def unmerge(talk: Talk, slots: Slots) -> Answer:
    """Exactly as before; what could not follow is counted."""
    report = await talk.verbs.register.unmerge(
        talk.actor, ContactId(slots["contact_id"]), ContactId(slots["other_id"]), key=talk.key
    )
    said = talk.say("merge.apart", name=one_line(report.survivor.name), other=one_line(report.member.name))
    if report.kept:
        said = f"{said} {talk.say('merge.kept', number=talk.number(len(report.kept)))}"
    return Answer(blocks=(talk.text("accounts.said", text=said),), slots=dict(slots))


async def propose_invite(talk: Talk, slots: Slots) -> Answer:
    """Asked first: whoever opens the link is taken for the contact."""
    target = await find_target(talk, "invite", slots)
    if isinstance(target, Answer):
        return target
    return Answer(
        blocks=(Confirm(text=talk.say("invite.confirm", name=target.name)),),
        slots=target.slots,
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent="invite", slots=target.slots),
        contact_id=target.contact_id,
    )


async def invite(talk: Talk, slots: Slots) -> Answer:
    """A link for each channel; another one is another invitation, which harms nobody."""
    made = await talk.verbs.register.invite(talk.actor, ContactId(slots["contact_id"]))
    if not made.links:
        return Answer(blocks=(talk.text("invite.none"),), slots=dict(slots))
    lines = "\n".join(f"{channel}: {link}" for channel, link in made.links)
    return Answer(blocks=(talk.text("invite.done", name=slots["contact"]), Text(text=lines)), slots=dict(slots))


TAG = Command(intent="tag", propose=propose_tag, carry_out=tag, right=Right.EDIT_CONTACTS, free_text="tag")
DUPLICATES = Command(intent="duplicates", propose=list_duplicates, right=Right.READ_CONTACTS, stands_alone=True)
MERGE = Command(intent="merge", propose=propose_merge, carry_out=merge, right=Right.MERGE_CONTACTS, free_text="other")
INVITE = Command(intent="invite", propose=propose_invite, carry_out=invite, right=Right.EDIT_CONTACTS)
UNMERGE = Command(intent="unmerge", propose=propose_unmerge, carry_out=unmerge, right=Right.MERGE_CONTACTS)

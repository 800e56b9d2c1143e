"""How the hub and its channels are."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import one_line
from bots.staff.talk import Talk
from hub.domain.people import Right
from hub.domain.views import ChannelLine, HubStatus
from hub.ports.bot import Block, Table, Text

MAX_PROBLEMS = 5


async def propose(talk: Talk, slots: Slots) -> Answer:
    """State, channels, queues, problems."""
    status = await talk.verbs.status.read(talk.actor)
    key = "status.ready" if status.ready else "status.not_ready"
    blocks: list[Block] = [
        talk.text(key, version=status.version, engine=status.engine, since=talk.moment(status.started_at))
    ]
    if status.channels:
        rows = tuple(_row(talk, channel) for channel in status.channels)
        blocks.append(Table(headings=talk.headings("status.headings"), rows=rows))
    waiting, quarantined = talk.number(status.waiting), talk.number(status.quarantined)
    blocks.append(talk.text("status.waiting", number=waiting, quarantined=quarantined))
    blocks.append(_outbox(talk, status))
    if status.rebuilding is not None:
        blocks.append(talk.text("status.rebuilding", percent=talk.number(status.rebuilding)))
    blocks += [
        talk.text("status.problem", text=one_line(talk.told(problem), 300))
        for problem in status.problems[:MAX_PROBLEMS]
    ]
    return Answer(blocks=tuple(blocks))


def _row(talk: Talk, channel: ChannelLine) -> tuple[str, ...]:
    key = f"link_state.{channel.state}"
    state = talk.say(key) if talk.knows(key) else channel.state
    if channel.detail and channel.state != "up":
        state = f"{state}: {one_line(talk.told(channel.detail), 120)}"
    counts = (("seen", channel.seen), ("pending", channel.pending))
    told = tuple(talk.say(f"status.{key}", number=talk.number(count)) for key, count in counts)
    return f"{channel.name} ({channel.kind})", state, *told


def _outbox(talk: Talk, status: HubStatus) -> Text:
    moving = [(state, count) for state, count in status.outbox if count and state not in ("sent", "delivered")]
    counts = ", ".join(talk.say(f"outbox_state.{state}", number=talk.number(count)) for state, count in moving)
    said = talk.say("status.outbox", n=len(moving), counts=counts)
    if status.oldest_due and status.oldest_due < talk.now:
        said = f"{said} {talk.say('status.oldest', when=talk.moment(status.oldest_due))}"
    return Text(text=said)


STATUS = Command(intent="status", propose=propose, right=Right.READ_STATUS, stands_alone=True, aside=True)

"""What went wrong, in words: what failed, what was kept, what to do, and the code for the admin."""

from bots.staff.command import Answer
from bots.staff.memory import Pending
from bots.staff.talk import Talk
from hub.domain.errors import FernamtError, Refused, StoreUnavailable
from hub.domain.people import Right
from hub.ports.bot import Block, Text

PASSING = ("store-unavailable", "timeout", "internal", "too-many")


def code_of(error: Exception) -> str:
    """The stable code."""
    if isinstance(error, FernamtError):
        return "store-unavailable" if isinstance(error, StoreUnavailable) else error.code
    return "timeout" if isinstance(error, TimeoutError) else "internal"


def is_certain(error: Exception) -> bool:
    """Whether nothing was written: the verb refused, as opposed to the store or the time giving out."""
    return isinstance(error, FernamtError) and not isinstance(error, StoreUnavailable)


def explain_failure(talk: Talk, intent: str, error: Exception, *, writing: bool, kept: Pending | None) -> Answer:
    """The answer to a command that raised. `kept` stays pending, so that a yes tries again."""
    if isinstance(error, Refused):
        return refuse(talk, str(error.fields.get("right", "")), talk.told(error.sentence))
    code = code_of(error)
    sentence = talk.told(error.sentence) if isinstance(error, FernamtError) else ""
    key = f"failure.{code}" if talk.knows(f"failure.{code}") else "failure.other"
    what = talk.say(f"intent.{intent}") if talk.knows(f"intent.{intent}") else talk.say("intent.other")
    said = [talk.say("failure.title", what=what, why=talk.say(key, sentence=sentence))]
    if writing:
        said.append(talk.say("failure.unsure" if kept else "failure.untouched"))
    if code in PASSING and not kept:
        said.append(talk.say("failure.again"))
    if code in ("store-unavailable", "internal"):
        said.append(talk.say("failure.tell_admin"))
    said.append(talk.say("failure.code", code=code))
    block: Block = Text(text=" ".join(said))
    buttons = (talk.say("button.yes"), talk.say("button.no")) if kept else ()
    return Answer(blocks=(block,), slots={"code": code}, pending=kept, intent="error", buttons=buttons)


def refuse(talk: Talk, right: str, sentence: str = "") -> Answer:
    """The right that is missing and who can grant it."""
    held = right in {granted.value for granted in talk.actor.rights}
    if not talk.knows(f"right.{right}") or held:
        block = talk.text("failure.refused_door", sentence=sentence)
    else:
        block = talk.text("failure.refused", right=talk.say(f"right.{right}"), code=right)
    return Answer(blocks=(block,), slots={"code": "refused", "right": right}, intent="error")


def lacks(talk: Talk, right: Right | None) -> Answer | None:
    """The refusal, where the colleague lacks the right."""
    return None if right is None or right in talk.actor.rights else refuse(talk, right.value)

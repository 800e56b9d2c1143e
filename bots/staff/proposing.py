"""What a language model proposed, checked before anybody sees it: only commands that this colleague may use, and only
words that this colleague wrote. Times and amounts are read by our own rules from those words. Whatever writes is then
read back and confirmed, as if it had been understood by ourselves."""

from collections.abc import Mapping

from bots.language.amounts import read_amount
from bots.language.recognition import Recogniser
from bots.language.tokens import read_sentence
from bots.staff.talk import Talk
from hub.domain.folding import fold
from hub.ports.proposer import Proposal

MAX_VALUE = 200
TAKEN_AS_SAID = frozenset({"contact", "text", "number", "user"})
NEVER = frozenset({"undo", "confirm", "decline", "help", "greeting", "thanks"})


def check_proposal(
    talk: Talk, proposal: Proposal, text: str, allowed: Mapping[str, str], recogniser: Recogniser
) -> tuple[str, dict[str, str]] | None:
    """(intent, slots), or None where it is not to be believed: another intent than those offered, or a value that the
    sentence does not hold."""
    if proposal.intent not in allowed or proposal.intent in NEVER:
        return None
    said = f" {fold(text)} "
    slots: dict[str, str] = {}
    for name, value in proposal.slots.items():
        if len(value) > MAX_VALUE or f" {fold(value)} " not in said or not fold(value):
            return None
        if name in TAKEN_AS_SAID:
            slots[name] = value
        elif name == "when":
            found = recogniser.read_when(value, talk.pack.code, talk.now.astimezone(talk.zone))
            if not found.get("when"):
                return None
            slots |= found
        elif name == "amount":
            sentence = read_sentence(value, soft=False)
            read = read_amount(sentence, 0, len(sentence.words)) if sentence.words else {}
            if not read.get("amount"):
                return None
            slots |= read
    return proposal.intent, slots

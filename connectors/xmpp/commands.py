"""Ad-hoc commands (XEP-0050) with forms (XEP-0004) for colleagues: each is a sentence that the bot understands, filled
in from a form. What the bot asks back (which one? really?) is the next form, so that a form can do what the chat can.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slixmpp.exceptions import XMPPError

from connectors.xmpp.reception import read_address
from hub.domain.address import Address
from hub.domain.errors import StoreUnavailable
from hub.ports.bot import BotReply
from hub.ports.switchboard import Switchboard

NODE = "fernamt#"
MAX_SESSIONS = 500
MAX_FIELD = 4_000
MAX_CHOICES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """A field of a form: its name, and what it is called in German and English."""

    name: str
    german: str
    english: str
    long: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A command: what it is called, and what is said to the bot for it, in German and English."""

    node: str
    german: str
    english: str
    say_german: str
    say_english: str
    blanks: tuple[Blank, ...] = ()


NAME = Blank(name="contact", german="Kontakt", english="Contact")
TEXT = Blank(name="text", german="Text", english="Text", long=True)
WHEN = Blank(name="when", german="Wann (z. B. morgen 10 Uhr)", english="When (such as tomorrow 10am)")
ANYTHING = Blank(name="text", german="Was?", english="What?")


def _command(node: str, titles: tuple[str, str], phrases: tuple[str, str], *blanks: Blank) -> Sentence:
    return Sentence(
        node=node,
        german=titles[0],
        english=titles[1],
        say_german=phrases[0],
        say_english=phrases[1],
        blanks=blanks,
    )


COMMANDS: tuple[Sentence, ...] = (
    _command("inbox", ("Posteingang", "Inbox"), ("posteingang", "inbox")),
    _command("who", ("Wer ist das?", "Who is this?"), ("wer ist {contact}", "who is {contact}"), NAME),
    _command("timeline", ("Verlauf", "Timeline"), ("verlauf mit {contact}", "timeline of {contact}"), NAME),
    _command("reply", ("Antworten", "Reply"), ("antworte {contact}: {text}", "reply to {contact}: {text}"), NAME, TEXT),
    _command("note", ("Notiz", "Note"), ("notiz {contact}: {text}", "note {contact}: {text}"), NAME, TEXT),
    _command("balance", ("Saldo", "Balance"), ("saldo {contact}", "balance {contact}"), NAME),
    _command("overdue", ("Überfällig", "Overdue"), ("was ist überfällig", "what is overdue")),
    _command("agenda", ("Termine", "Agenda"), ("termine {when}", "agenda {when}"), WHEN),
    _command(
        "book",
        ("Termin buchen", "Book an appointment"),
        ("termin mit {contact} {when}", "appointment with {contact} {when}"),
        NAME,
        WHEN,
    ),
    _command(
        "remind",
        ("Erinnern", "Remind me"),
        ("erinnere mich {when}: {text}", "remind me {when}: {text}"),
        WHEN,
        ANYTHING,
    ),
    _command("close", ("Schließen", "Close"), ("schließe {contact}", "close {contact}"), NAME),
    _command("briefing", ("Mein Tag", "My day"), ("mein tag", "my day")),
    _command("status", ("Wie geht es dem Hub?", "Status"), ("status", "status")),
    _command("ask", ("Etwas anderes", "Something else"), ("{text}", "{text}"), ANYTHING),
)


class Sessions(OrderedDict[str, dict[str, Any]]):
    """Forms that wait for their next step: bounded, and forgotten once they are done. (slixmpp's own way to forget, by
    time, would order the colleague's client to cancel long after.)"""

    def __setitem__(self, key: str, session: dict[str, Any]) -> None:
        self.pop(key, None)
        if session.get("next") is None:
            return
        super().__setitem__(key, session)
        while len(self) > MAX_SESSIONS:
            self.popitem(last=False)


class Commands:
    """Offers them on one stream. `at`: at which address ('' is the stream's own)."""

    def __init__(self, stream: Any, switchboard: Switchboard, at: str = "") -> None:
        self._stream, self._switchboard, self._at = stream, switchboard, at

    def offer(self) -> None:
        """Make them known. Names are in both languages: a list is asked for before anybody knows by whom."""
        plugin = self._stream.plugin["xep_0050"]
        plugin.set_backend(Sessions())
        for command in COMMANDS:
            plugin.add_command(
                jid=self._at or None,
                node=NODE + command.node,
                name=f"{command.english} · {command.german}" if command.english != command.german else command.english,
                handler=self._begin_with(command),
            )

    def _begin_with(self, command: Sentence) -> Any:
        async def begin(iq: Any, session: dict[str, Any]) -> dict[str, Any]:
            address = read_address(iq["from"])
            if address is None or not self._switchboard.is_colleague(address):
                # XEP-0050 §6: the plugin lets anybody in.
                raise XMPPError("forbidden", etype="auth")
            if not command.blanks:
                return await self._ask(session, address, command, {})
            return self._show_form(session, address, command)

        return begin

    def _show_form(self, session: dict[str, Any], address: Address, command: Sentence) -> dict[str, Any]:
        german = self._switchboard.language(address).startswith("de")
        form = self._stream.plugin["xep_0004"].make_form("form", command.german if german else command.english)
        for blank in command.blanks:
            form.add_field(
                var=blank.name,
                ftype="text-multi" if blank.long else "text-single",
                label=blank.german if german else blank.english,
                required=True,
            )

        async def fill_in(payload: Any, session: dict[str, Any]) -> dict[str, Any]:
            given = _read_form(payload)
            values = {blank.name: given.get(blank.name, "") for blank in command.blanks}
            if not all(values.values()):
                raise XMPPError("bad-request", etype="modify", text="Please fill in everything.")
            return await self._ask(session, address, command, values)

        return _go_on(session, form, fill_in)

    async def _ask(
        self, session: dict[str, Any], address: Address, command: Sentence, values: dict[str, str]
    ) -> dict[str, Any]:
        german = self._switchboard.language(address).startswith("de")
        phrase = command.say_german if german else command.say_english
        for name, value in values.items():
            phrase = phrase.replace(f"{{{name}}}", value)
        return await self._show_answer(session, address, phrase)

    async def _show_answer(self, session: dict[str, Any], address: Address, words: str) -> dict[str, Any]:
        try:
            reply = await self._switchboard.ask(address, words)
        except StoreUnavailable as error:
            raise XMPPError("resource-constraint", etype="wait", text=error.sentence) from error
        if reply is None:
            raise XMPPError("forbidden", etype="auth")
        form_type = "form" if (options := _options(reply)) else "result"
        form = self._stream.plugin["xep_0004"].make_form(form_type, "Fernamt")
        form["instructions"] = reply.text
        form.add_field(var="answer", ftype="fixed" if options else "text-multi", value=reply.text)
        if not options:
            return _finish(session, form)
        field = form.add_field(var="choice", ftype="list-single", label="→", required=True, value=options[0][0])
        for value, label in options:
            field.add_option(label=label, value=value)

        async def choose(payload: Any, session: dict[str, Any]) -> dict[str, Any]:
            chosen = _read_form(payload).get("choice", "")
            if not chosen:
                raise XMPPError("bad-request", etype="modify")
            return await self._show_answer(session, address, chosen)

        return _go_on(session, form, choose)


def _options(reply: BotReply) -> Sequence[tuple[str, str]]:
    """What can be said next: the words that the bot offers, else the numbers of what it lists."""
    if reply.buttons:
        return [(word, word) for word in reply.buttons[:MAX_CHOICES]]
    return [(str(number), f"{number}") for number, _ in enumerate(reply.choices[:MAX_CHOICES], start=1)]


def _read_form(payload: Any) -> dict[str, str]:
    """The submitted fields as text; {} for anything else."""
    if isinstance(payload, list):
        payload = payload[0] if payload else None
    try:
        values = payload["values"]
    except (TypeError, KeyError, AttributeError):
        return {}
    read = {}
    for name, value in dict(values).items():
        text = "\n".join(str(one) for one in value) if isinstance(value, (list, tuple)) else str(value or "")
        read[str(name)] = text.strip()[:MAX_FIELD]
    return read


def _go_on(session: dict[str, Any], form: Any, then: Any) -> dict[str, Any]:
    session["payload"], session["next"], session["has_next"] = form, then, True
    session["allow_complete"] = False
    return session


def _finish(session: dict[str, Any], form: Any) -> dict[str, Any]:
    session["payload"], session["next"], session["has_next"] = form, None, False
    return session

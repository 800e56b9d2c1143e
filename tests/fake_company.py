"""A small joinery's correspondence, German and English, for the fakes of the verbs."""

from datetime import timedelta

from hub.domain.address import Address
from hub.domain.contact import Contact, ContactKind, ContactRole, Identity
from hub.domain.conversation import Conversation, ConversationState, Evidence, Placement
from hub.domain.folding import fold
from hub.domain.ids import ArrivalId, ContactId, ConversationId, InteractionId, OutboxId, UserId, derived_id
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.message import Attachment, Participant, ParticipantRole, Strength
from hub.domain.outbox import OutboxState
from hub.domain.people import AuditEntry, UserRole, user_id_of
from hub.domain.views import ChannelLine, QuarantineLine
from tests.fake_verbs import START, FakeChannels, State, add_outgoing, add_user, jid, mail

C, S, W, P = ContactRole.CUSTOMER, ContactRole.SUPPLIER, ContactRole.WHOLESALER, ContactRole.PARTNER
PEOPLE = [
    ("Petra Müller", "Tischlerei Müller", "Köln", (C,), "p.mueller@tischlerei-mueller.example", "email", False),
    ("Jens Müller", "Holz Müller GmbH", "Siegen", (S,), "jens@holz-mueller.example", "email", False),
    ("Daniel Okafor", "Okafor Interiors", "London", (C,), "daniel@okafor-interiors.example", "email", False),
    ("Sabine Krüger", "Café Morgenrot", "Bonn", (C,), "sabine@morgenrot.example", "email", False),
    ("Grace Lindqvist", "Nordlight AB", "Malmö", (P,), "grace@nordlight.example", "xmpp", False),
    ("Yusuf Demir", "", "Köln", (C,), "yusuf.demir@post.example", "email", False),
    ("Beschläge Hartmann", "", "Remscheid", (W,), "bestellung@hartmann.example", "email", False),
    ("Elena Rossi", "Studio Rossi", "Milano", (C, P), "elena@studiorossi.example", "xmpp", False),
    ("t.weber81@post.example", "", "", (), "t.weber81@post.example", "email", True),
    ("Hannah Brandt", "Kita Sonnenblume", "Leverkusen", (C,), "leitung@kita-sonnenblume.example", "email", False),
    ("Tom Fletcher", "Fletcher & Sons", "Leeds", (C,), "tom@fletcher.example", "email", False),
    ("Marta Nowak", "Nowak Transport", "Poznań", (S,), "marta@nowak.example", "xmpp", False),
    ("Stadtwerke Bonn", "", "Bonn", (S,), "kundendienst@stadtwerke.example", "email", False),
    ("Dr. Ines Vogel", "Praxis Vogel", "Köln", (C,), "praxis@vogel.example", "email", False),
    ("Oliver Grant", "Grant Property Ltd", "Dublin", (C,), "oliver@grant.example", "email", False),
]
QUESTION = (
    "Guten Morgen Frau Seidel,\n\nkönnten Sie uns bis morgen ein Angebot für 12 Stühle in Eiche schicken, geölt, mit "
    "Armlehne? Die Zeichnung hängt an. Die Lieferung müsste bis zum 18. Dezember nach Köln-Ehrenfeld gehen.\n\n"
    "Viele Grüße\nPetra Müller"
)


def contact_id(name: str) -> ContactId:
    return ContactId(derived_id("c", name))


def fill(state: State) -> None:
    """The whole demo."""
    anna = add_user(state, "anna", UserRole.ADMIN, "Anna Seidel", "de")
    add_user(state, "ben", UserRole.AGENT, "Ben Carter", "en")
    kim = add_user(state, "kim", UserRole.AGENT, "Kim Wagner", "de")
    for name in ("anna", "ben", "kim"):
        state.passwords[user_id_of(name)] = f"{name}-password"
        state.tokens[f"token-{name}"] = user_id_of(name)
    state.tokens["token-local"] = anna.id
    for person in PEOPLE:
        _add_contact(state, *person, owner=anna.id)
    _chairs(state, anna.id, kim.id)
    _order(state, anna.id)
    _chats(state, anna.id)
    _others(state)
    _desk(state, anna.id)


def _add_contact(
    state: State,
    name: str,
    organisation: str,
    city: str,
    roles: tuple[ContactRole, ...],
    address: str,
    channel: str,
    provisional: bool,
    *,
    owner: UserId,
) -> None:
    it = Contact(
        id=contact_id(name),
        version=1,
        kind=ContactKind.PERSON if organisation or provisional or "Demir" in name else ContactKind.ORGANISATION,
        name=name,
        sort_name=fold(name),
        organisation=organisation,
        city=city,
        roles=roles,
        language="de" if city in ("Köln", "Bonn", "Siegen", "Remscheid", "Leverkusen") else "en",
        owner=None if provisional else owner,
        provisional=provisional,
        created_at=START - timedelta(days=400),
        notes="Zahlt per Rechnung, 14 Tage." if name == "Petra Müller" else "",
    )
    state.contacts[it.id] = it
    strength = Strength.CLAIMED if provisional else Strength.VERIFIED
    found = [(Address(channel=channel, normal=address, display=address), strength)]
    if name == "Petra Müller":
        found.append((jid("petra@chat-koeln.example"), Strength.AUTHENTICATED))
    for bound, how in found:
        state.identities[it.id].append(
            Identity(
                id=derived_id("d", bound.key),
                contact_id=it.id,
                address=bound,
                strength=how,
                source="user:u_anna",
                since=START - timedelta(days=390),
            )
        )


def _conversation(
    state: State, name: str, subject: str, *, owner: str = "queue", waiting: float | None = None, closed: bool = False
) -> Conversation:
    bound = state.identities[contact_id(name)][0].address
    chat = bound.channel == "xmpp"
    c = Conversation(
        id=ConversationId(derived_id("v", name, subject)),
        version=1,
        contact_id=contact_id(name),
        channel=bound.channel,
        account="chat" if chat else "office",
        peer=bound,
        peer_key=bound.key,
        subject=subject,
        normal_subject=fold(subject),
        number="20417731",
        state=ConversationState.CLOSED if closed else ConversationState.OPEN,
        owner=owner,
        waiting_since=START - timedelta(hours=waiting) if waiting is not None else None,
        created_at=START - timedelta(days=3),
        last_at=START,
        last_interaction=InteractionId("i_"),
    )
    state.conversations[c.id] = c
    return c


def _message(
    state: State,
    c: Conversation,
    hours: float,
    text: str,
    *,
    author: UserId | None = None,
    status: OutboxState = OutboxState.DELIVERED,
    files: tuple[Attachment, ...] = (),
    marks: tuple[str, ...] = (),
    confidence: float = 1.0,
    evidence: Evidence = Evidence.REFERENCES,
    reason: str = "",
    detail: str = "",
    html: str = "",
) -> Interaction:
    at = START - timedelta(hours=hours)
    key = derived_id("i", c.id, str(hours))
    name = state.contacts[c.contact_id].name
    us = mail("hello@fernamt.example") if c.channel == "email" else jid("hub@chat.example")
    peer = Participant(address=c.peer, name=name, role=ParticipantRole.FROM)
    ours = Participant(address=us, name="Schreinerei Seidel", role=ParticipantRole.FROM)
    it = Interaction(
        id=InteractionId(key),
        contact_id=c.contact_id,
        at=at,
        kind=InteractionKind.MESSAGE,
        direction=Direction.OUTBOUND if author else Direction.INBOUND,
        channel=c.channel,
        account=c.account,
        subject=(f"AW: {c.subject}" if author and c.subject else c.subject),
        text=text,
        sender=ours if author else peer,
        recipients=(Participant(address=c.peer, name=name),) if author else (Participant(address=us),),
        message_id=f"{key}@example.org",
        attachments=files,
        has_html=bool(html),
        strength=Strength.CLAIMED if confidence < 0.8 else Strength.AUTHENTICATED,
        marks=marks,
        arrival_id=None if author else ArrivalId("a_" + key[2:]),
        author=author,
    )
    if html:
        state.html[it.id] = html
    if author:
        item_id = OutboxId("o_" + key[2:])
        due = at if status is not OutboxState.QUEUED else at + timedelta(minutes=2)
        add_outgoing(state, c, it, status, due=due, item_id=item_id, reason=reason, detail=detail)
    else:
        state.entries[it.id] = it
        state.placements[it.id] = Placement(
            id=it.id,
            conversation_id=c.id,
            at=at,
            evidence=evidence,
            confidence=confidence,
            detail="answers: f1.abcd2345@fernamt.example",
        )
    if at >= state.conversations[c.id].last_at or state.conversations[c.id].last_text == "":
        _touch(state, c, it)
    return it


def _touch(state: State, c: Conversation, it: Interaction) -> None:
    import dataclasses

    state.conversations[c.id] = dataclasses.replace(
        state.conversations[c.id], last_at=it.at, last_interaction=it.id, last_text=it.text[:200]
    )


def _note(state: State, c: Conversation, hours: float, text: str, author: UserId) -> None:
    at = START - timedelta(hours=hours)
    it = Interaction(
        id=InteractionId(derived_id("i", "note", text)),
        contact_id=c.contact_id,
        at=at,
        kind=InteractionKind.NOTE,
        direction=Direction.INTERNAL,
        text=text,
        author=author,
    )
    state.entries[it.id] = it
    state.placements[it.id] = Placement(id=it.id, conversation_id=c.id, at=at, evidence=Evidence.PERSON, confidence=1.0)


def _chairs(state: State, anna: UserId, kim: UserId) -> None:
    drawing = Attachment(index=0, name="Stuhl-Zeichnung.pdf", type="application/pdf", size=184_320, sha256="a" * 64)
    photo = Attachment(index=1, name="Muster Eiche geölt.png", type="image/png", size=5_512, sha256="b" * 64)
    c = _conversation(state, "Petra Müller", "Angebot für 12 Stühle", owner=anna, waiting=1.5)
    sent = "250 2.0.0 Ok: queued as 4XkT2c (smtp.example.org)"
    _message(
        state,
        c,
        0.6,
        "Perfekt, danke! Könnten Sie die Lieferung auf zwei Termine aufteilen? Sechs Stühle vor Weihnachten würden "
        "uns reichen.",
        html="<p>Perfekt, danke! Könnten Sie die Lieferung auf <b>zwei Termine</b> aufteilen?</p>"
        "<p>Sechs Stühle vor Weihnachten würden uns reichen.</p>"
        "<table><tr><td>Pos. 1</td><td>6 Stühle</td></tr></table>",
    )
    _message(state, c, 1.5, QUESTION, files=(drawing, photo), evidence=Evidence.TOKEN)
    _note(state, c, 20, "Eiche ist ab KW 49 wieder da, Jens hat 2 m³ zurückgelegt.", kim)
    _message(
        state,
        c,
        21,
        "Guten Tag Frau Müller,\n\nvielen Dank für Ihre Anfrage. Ich rechne das heute durch und melde mich morgen früh "
        "mit einem Preis. Wäre eine Lackierung statt Öl für Sie auch denkbar?\n\nMit freundlichen Grüßen\nAnna Seidel",
        author=anna,
        detail=sent,
    )
    _message(state, c, 45, "Bauen Sie auch Stühle? Wir bräuchten ein Dutzend für den Besprechungsraum.")
    old = _conversation(state, "Petra Müller", "Rechnung R-2001", closed=True)
    _message(state, old, 24 * 45, "Danke, die Rechnung ist angekommen und bezahlt.")
    _message(
        state, old, 24 * 46, "Anbei die Rechnung R-2001 über 1.000,00 €.", author=anna, detail=sent, files=(drawing,)
    )
    for week in range(2, 60):
        _message(state, old, 24 * 7 * week + 3, f"Rückfrage {week}: Passt der Termin in dieser Woche noch?")


def _order(state: State, anna: UserId) -> None:
    c = _conversation(state, "Daniel Okafor", "Walnut desk, delivery date", owner="queue", waiting=2.2)
    _message(
        state,
        c,
        2.2,
        "Hi Anna,\n\nany news on the walnut desk? The client moves in on 4 December and would love to see it in place "
        "by then.\n\nBest,\nDaniel",
        confidence=0.6,
        evidence=Evidence.SUBJECT,
        marks=("first-contact",),
    )
    _message(
        state,
        c,
        26,
        "Hello Daniel,\n\nthe top is glued up and being sanded this week. I will confirm the date on Monday.",
        author=anna,
        status=OutboxState.HELD,
        reason="unknown-outcome",
        detail="smtp.example.org:587 closed the connection after the message had left: "
        "nobody knows whether it was sent.",
    )
    _message(state, c, 50, "Could you tell me when the desk will be ready?", marks=("reused-id",))


def _chats(state: State, anna: UserId) -> None:
    grace = _conversation(state, "Grace Lindqvist", "", owner=anna)
    _message(state, grace, 3.0, "👍 Then see you on Thursday.", evidence=Evidence.CHAT)
    _message(state, grace, 3.1, "14:30 works for us, we will bring the samples.", author=anna, detail="")
    _message(state, grace, 3.2, "Could we move the call to Thursday afternoon?", evidence=Evidence.CHAT)
    elena = _conversation(state, "Elena Rossi", "", owner="queue", waiting=0.08)
    _message(state, elena, 0.08, "Ciao! Do you still have the ash veneer from last time?", evidence=Evidence.CHAT)
    _message(state, elena, 0.05, "Let me have a look in the store.", author=anna, status=OutboxState.QUEUED, detail="")


def _others(state: State) -> None:
    _message(
        state,
        _conversation(state, "t.weber81@post.example", "Frage zu einer Tür", waiting=5.5),
        5.5,
        "Hallo, reparieren Sie auch alte Haustüren? Unten ist das Holz weich geworden. Fotos kann ich schicken.",
        marks=("first-contact",),
        evidence=Evidence.NONE,
    )
    _message(
        state,
        _conversation(state, "Sabine Krüger", "Tresen: Termin zum Aufmaß", waiting=27, owner="queue"),
        27,
        "Liebe Frau Seidel, passt Ihnen Donnerstag um 9 Uhr zum Aufmaß? Wir öffnen erst um 10.",
    )
    _message(
        state,
        _conversation(state, "Tom Fletcher", "Invoice 1187 query", closed=True),
        80,
        "All clear now, thank you for the quick answer.",
    )
    _message(
        state,
        _conversation(state, "Dr. Ines Vogel", "Wartezimmer: Garderobe", owner="bot"),
        30,
        "Bitte schicken Sie uns den Entwurf noch einmal als PDF.",
    )


def _desk(state: State, anna: UserId) -> None:
    grant = _conversation(state, "Oliver Grant", "Staircase quote")
    _message(
        state,
        grant,
        7,
        "Please find the quote attached.",
        author=anna,
        status=OutboxState.FAILED,
        reason="refused",
        detail="550 5.1.1 <oliver@grant.example>: Recipient address rejected: User unknown",
    )
    for name, sender, stage, reason, size in (
        (
            "x1",
            "bounce@bulk.example",
            "parse",
            "The mail could not be read (unreadable); its raw bytes are kept.",
            48_231,
        ),
        (
            "x2",
            "scanner@printer.example",
            "route",
            "None of our addresses is among its recipients; add the address to the channel, then replay.",
            2_204_113,
        ),
    ):
        key = derived_id("a", name)
        state.quarantined[key] = QuarantineLine(
            id=key,
            account="office",
            received_at=START - timedelta(hours=4),
            sender=sender,
            recipients=("hello@fernamt.example",),
            size=size,
            stage=stage,
            reason=reason,
        )
    for minutes, actor, verb, subject, outcome in (
        (3, f"user:{anna}", "conversations.assign", "v_demo", "ok"),
        (9, f"user:{anna}", "users.sign_in", "", "ok"),
        (31, f"user:{user_id_of('ben')}", "users.add", "", "refused"),
        (44, "system:dispatch", "outbox.hold", "o_demo", "ok"),
    ):
        at = START - timedelta(minutes=minutes)
        state.audit.append(
            AuditEntry(
                id=derived_id("x", str(minutes)),
                at=at,
                actor=actor,
                via="system" if actor.startswith("system:") else "console",
                verb=verb,
                subject=subject,
                outcome=outcome,
                day="2026-11-23",
            )
        )
    FakeChannels.lines = (
        _channel(
            "office",
            "email",
            "up",
            "INBOX; sent mail: Sent; the server tells of new mail at once (IDLE)",
            ("hello@fernamt.example",),
            4_812,
            34,
            2,
            0,
        ),
        _channel("chat", "xmpp", "up", "signed in as hub@chat.example", ("hub@chat.example",), 1_204, 3, 0, 1),
        _channel(
            "support",
            "email",
            "parked",
            "imap.example.org:993 refuses name or password of support: correct them, or allow IMAP for this account.",
            ("support@fernamt.example",),
            311,
            0,
            0,
            0,
        ),
    )


def _channel(
    name: str,
    kind: str,
    state: str,
    detail: str,
    addresses: tuple[str, ...],
    done: int,
    duplicates: int,
    quarantined: int,
    pending: int,
) -> ChannelLine:
    return ChannelLine(
        name=name,
        kind=kind,
        state=state,
        detail=detail,
        since=START - timedelta(hours=9),
        can_send=state == "up",
        addresses=addresses,
        seen=done + duplicates + quarantined + pending,
        done=done,
        duplicates=duplicates,
        quarantined=quarantined,
        pending=pending,
    )

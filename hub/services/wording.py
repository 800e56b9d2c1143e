"""What the services say to people by themselves: short lines in German and English, by key.

The console's texts are gettext catalogues (hub/web/locale); these lines leave by chat or mail, where no page renders
them. German speaks to colleagues with "du".
"""

import unicodedata

TEXTS: dict[str, dict[str, str]] = {
    "de": {
        "new-email": "Neue Mail von {name}: „{topic}“ – antworten mit: antworte {name}: …",
        "new-message": "Neue Nachricht von {name}: „{topic}“ – antworten mit: antworte {name}: …",
        "missed-call": "Verpasster Anruf von {name} ({number}), {when}.",
        "missed-hidden": "Verpasster Anruf mit unterdrückter Nummer, {when}.",
        "ringing": "Es klingelt: {name}, {number}.",
        "ringing-unknown": "Es klingelt: {number}.",
        "ringing-hidden": "Es klingelt: Die Nummer ist unterdrückt.",
        "ringing-waiting": "Wartet auf Antwort ({count}): „{topic}“, seit {when}.",
        "ringing-open": "Offen: {amount}.",
        "ringing-overdue": "Offen: {amount}, davon überfällig: {overdue}.",
        "ringing-next": "Nächster Termin: {when} {title}",
        "file-as-link": "Die Datei „{name}“ ({size}) ist zu groß für diesen Kanal. Hier ist sie bis {until}: {address}",
        "many-new": "Mehr als {count} neue Nachrichten in {minutes} Minuten. Ich melde sie nicht mehr einzeln; "
        "„posteingang“ zeigt alle.",
        "item-held": "Ob deine Nachricht an {name} („{topic}“) angekommen ist, ist unklar: {why} Ich sende sie nicht "
        "von selbst noch einmal; bitte im Ausgang entscheiden.",
        "item-failed": "Deine Nachricht an {name} („{topic}“) wurde nicht gesendet: {why}",
        "item-bounced": "Deine Nachricht an {name} („{topic}“) kam zurück: {why} Anderen Kanal versuchen?",
        "item-deferred": "Deine Nachricht an {name} („{topic}“) lässt auf sich warten: {why} Ich versuche es weiter "
        "bis {until}.",
        "item-cancelled": "Deine Nachricht an {name} („{topic}“) wurde von jemand anderem zurückgezogen.",
        "item-waiting": "Deine Nachricht an {name} („{topic}“) wartet: {why}",
        "why-unknown-outcome": "die Verbindung riss ab, bevor eine Antwort kam.",
        "why-gave-up": "der Empfänger war zu lange nicht erreichbar.",
        "why-suppressed": "die Adresse steht auf der Sperrliste.",
        "why-refused": "die Gegenseite lehnte sie ab.",
        "why-temporary": "die Gegenseite nimmt sie gerade nicht an.",
        "why-hard": "die Adresse gibt es nicht.",
        "why-soft": "das Postfach nimmt gerade nichts an.",
        "why-policy": "die Gegenseite lehnt sie nach ihren Regeln ab.",
        "why-challenge": "die Gegenseite verlangt erst eine Bestätigung.",
        "why-blob-missing": "eine angehängte Datei ist nicht mehr da.",
        "why-infected": "die Virenprüfung hat in einer angehängten Datei etwas gefunden; sie geht nicht hinaus.",
        "why-no-way-to-send": "für den Kanal {account} ist kein Versand eingerichtet.",
        "outage": "Der Kanal {channel} ist gestört: {detail} – „fernamt channel test {channel}“ zeigt, woran es liegt.",
        "reminder-own": "Erinnerung: {text}",
        "reminder-late": "{text} (verspätet: war für {when})",
        "reminder-staff": "Termin um {when}: {title}{with_name}",
        "reminder-contact": "Zur Erinnerung: Sie haben am {day} um {when} einen Termin bei uns: {title}{place}. Wenn "
        "etwas dazwischenkommt, antworten Sie einfach.",
        "reminder-contact-subject": "Ihr Termin am {day} um {when}",
        "reminder-with": " mit {name}",
        "briefing-head": "Dein Tag, {day}:",
        "briefing-empty": "Keine Termine, keine Erinnerungen, niemand wartet.",
        "briefing-appointment": "• {when} {title}{with_name}",
        "briefing-reminder": "• Erinnerung {when}: {text}",
        "briefing-waiting": "• Es warten {count} auf Antwort von dir, am längsten: {names}",
        "briefing-overdue": "• Überfällig: {number}, {amount}",
        "target-late": "Noch keine Antwort an {name} („{topic}“): das Ziel war {when}.",
        "target-late-resolution": "Noch nicht erledigt: {name} („{topic}“), das Ziel war {when}.",
        "payment-in": "Zahlung von {name}: {amount}.",
        "overdue-news": "Überfällig geworden:",
        "overdue-item": "• {number}, {name}: {amount}, fällig {due}",
        "overdue-more": "… und {count} weitere; „überfällig“ zeigt alle.",
        "snooze-over": "Wieder da: {name} („{topic}“).",
        "colleague-asks": "{asker} fragt zu {name}: „{text}“ – antworten mit: notiz {name}: …",
        "code-subject": "Ihr Code für {company}",
        "code-text": "Guten Tag,\n\nIhr Code lautet {code}. Er gilt {minutes} Minuten. Geben Sie ihn bitte dort "
        "ein, wo Sie ihn angefordert haben.\n\nSie haben nichts angefordert? Dann ist nichts weiter zu tun: Ohne "
        "den Code erfährt niemand etwas. Bitte geben Sie ihn nicht weiter.\n\n{company}",
        "mail-code-subject": "Code für deine Mail-Adresse",
        "mail-code-text": "Hallo,\n\ndein Code lautet {code}. Gib ihn innerhalb von 30 Minuten auf deiner Seite in der "
        "Konsole ein; danach kommt hier an, was du per Mail haben willst.\n\nDu hast nichts angefordert? Dann ist "
        "nichts weiter zu tun.\n\n{company}",
        "code-sent": "Für {name} wurde ein Einmalcode angefordert, von {address}.",
        "code-redeemed": "{name} hat sich mit einem Code ausgewiesen und schreibt jetzt auch von {address}.",
        "customer-title": "Termin bei {company}",
        "customer-booked": "{name} hat einen Termin gebucht: {when}.",
        "customer-moved": "{name} hat einen Termin verlegt, auf {when}.",
        "customer-cancelled": "{name} hat den Termin am {when} abgesagt.",
        "invitation-subject": "Einladung: {title}, {when}",
        "invitation": "Guten Tag,\n\nwir laden Sie ein: {title}, am {when}. Bitte antworten Sie mit Ihrem "
        "Kalenderprogramm oder einfach auf diese Mail.\n\n{company}",
        "invitation-changed-subject": "Geändert: {title}, {when}",
        "invitation-changed": "Guten Tag,\n\nder Termin hat sich geändert: {title}, jetzt am {when}.\n\n{company}",
        "invitation-cancelled-subject": "Abgesagt: {title}, {when}",
        "invitation-cancelled": "Guten Tag,\n\nder Termin am {when} fällt aus: {title}.\n\n{company}",
        "reply-accepted": "Zugesagt: {title}",
        "reply-declined": "Abgesagt: {title}",
        "reply-tentative": "Mit Vorbehalt zugesagt: {title}",
        "answered-accepted": "{name} kommt: „{title}“, {when}.",
        "answered-declined": "{name} hat abgesagt: „{title}“, {when}.",
        "answered-tentative": "{name} kommt vielleicht: „{title}“, {when}.",
        "answered-needs-action": "{name} hat auf „{title}“, {when} geantwortet, ohne sich zu entscheiden.",
        "answered-delegated": "{name} hat auf „{title}“, {when} geantwortet.",
        "answered-counter": "{name} schlägt für „{title}“ statt {when} eine andere Zeit vor: {proposed}.",
        "invited": "{name} lädt ein: „{title}“, {when}. Zusagen oder absagen steht noch aus.",
        "invited-again": "{name} hat die Einladung geändert: „{title}“, jetzt {when}. Bitte neu antworten.",
        "invitation-gone": "{name} hat „{title}“ am {when} abgesagt.",
        "as-contact-more": "… (ganz in der Konsole)",
        "as-contact-files": "Dateien: {names}",
        "caller-waits": "wartet seit {when} ({channel})",
        "look-first": "{why} Wenn es trotzdem hinausgehen soll, sende dieselben Worte noch einmal.",
        "look-mixes": "Unter den Empfängern sind Kunden und Geschäftspartner zugleich.",
        "look-other-answers": "Jemand anderes antwortet hier gerade.",
        "look-other-owns": "Hierum kümmert sich jemand anderes.",
        "look-cannot-send": "Auf diesem Weg kann der Hub gerade nicht senden; nichts ist hinausgegangen.",
        "relay-no-right": "Dazu fehlt dir das Recht; ein Admin kann es dir geben.",
        "relay-nothing": "Mit diesem Kontakt gibt es keine Unterhaltung, in der man antworten könnte.",
        "relay-too-much": "Das ist zu lang, zu groß oder leer; nichts ist hinausgegangen.",
        "relay-failed": "Das ging nicht; nichts ist hinausgegangen. ({code})",
        "relay-too-late": "Das lässt sich nicht mehr zurückholen.",
        "relay-taken-back": "Zurückgeholt; nichts ist hinausgegangen.",
        "relay-noted": "Notiert.",
        "instance-gone": "{name} hat einen Termin der Reihe „{title}“ abgesagt: {when}.",
        "instance-moved": "{name} hat einen Termin der Reihe „{title}“ verlegt: von {when} auf {proposed}.",
        "instance-taken": "{name} möchte einen Termin der Reihe „{title}“ von {when} auf {proposed} verlegen; dort "
        "steht schon etwas. Im Kalender ist nichts geändert, bitte klären.",
        "breaker": "In der letzten Stunde gingen {count} automatische Nachrichten hinaus; mehr sendet der Hub nicht "
        "von selbst. Neue Nachrichten gehen in die Warteschlange. Bitte nachsehen, ob etwas im Kreis läuft.",
        "contact-blocked": "{name} hat unseren Bot blockiert: Dort kommt nichts mehr an, bis das aufgehoben wird.",
        "contact-back": "{name} ist wieder erreichbar: Der Bot ist nicht mehr blockiert.",
        "invite-used": "{name} ist der Einladung gefolgt und schreibt jetzt auch von {address}.",
        "invite-taken": "Die Einladung für {name} hat {address} geöffnet; das Konto gehört aber schon zu einem anderen "
        "Kontakt. Verbunden ist nichts.",
        "link-wrong": "Dieser Code gilt nicht (mehr). Einen neuen gibt es in der Konsole.",
        "link-done": "Verbunden, {name}. „hilfe“ zeigt, was ich kann.",
        "refusal": "Dies ist der interne Assistent von {company}. Ich spreche nur mit Kolleginnen und Kollegen.",
    },
    "en": {
        "new-email": "New mail from {name}: “{topic}” – to answer: reply to {name}: …",
        "new-message": "New message from {name}: “{topic}” – to answer: reply to {name}: …",
        "missed-call": "Missed call from {name} ({number}), {when}.",
        "missed-hidden": "Missed call from a hidden number, {when}.",
        "ringing": "It rings: {name}, {number}.",
        "ringing-unknown": "It rings: {number}.",
        "ringing-hidden": "It rings: the number is hidden.",
        "ringing-waiting": "Waits for an answer ({count}): “{topic}”, since {when}.",
        "ringing-open": "Open: {amount}.",
        "ringing-overdue": "Open: {amount}, of which overdue: {overdue}.",
        "ringing-next": "Next appointment: {when} {title}",
        "file-as-link": "The file “{name}” ({size}) is too large for this channel. It is here until {until}: {address}",
        "many-new": "More than {count} new messages in {minutes} minutes. I no longer report each of them; “inbox” "
        "shows all.",
        "item-held": "Nobody knows whether your message to {name} (“{topic}”) arrived: {why} I do not send it again by "
        "myself; please decide in the outbox.",
        "item-failed": "Your message to {name} (“{topic}”) was not sent: {why}",
        "item-bounced": "Your message to {name} (“{topic}”) came back: {why} Try another channel?",
        "item-deferred": "Your message to {name} (“{topic}”) is delayed: {why} I keep trying until {until}.",
        "item-cancelled": "Your message to {name} (“{topic}”) was cancelled by somebody else.",
        "item-waiting": "Your message to {name} (“{topic}”) waits: {why}",
        "why-unknown-outcome": "the connection broke before an answer came.",
        "why-gave-up": "the recipient could not be reached for too long.",
        "why-suppressed": "the address is on the suppression list.",
        "why-refused": "the other side refused it.",
        "why-temporary": "the other side does not take it at the moment.",
        "why-hard": "there is no such address.",
        "why-soft": "the mailbox does not take anything at the moment.",
        "why-policy": "the other side refuses it by its rules.",
        "why-challenge": "the other side asks for a confirmation first.",
        "why-blob-missing": "an attached file is no longer there.",
        "why-infected": "the virus check found something in an attached file; it does not go out.",
        "why-no-way-to-send": "the channel {account} is not set up for sending.",
        "outage": "The channel {channel} is down: {detail} – “fernamt channel test {channel}” tells why.",
        "reminder-own": "Reminder: {text}",
        "reminder-late": "{text} (late: was for {when})",
        "reminder-staff": "Appointment at {when}: {title}{with_name}",
        "reminder-contact": "A reminder: you have an appointment with us on {day} at {when}: {title}{place}. If "
        "something comes up, just answer.",
        "reminder-contact-subject": "Your appointment on {day} at {when}",
        "reminder-with": " with {name}",
        "briefing-head": "Your day, {day}:",
        "briefing-empty": "No appointments, no reminders, nobody waits.",
        "briefing-appointment": "• {when} {title}{with_name}",
        "briefing-reminder": "• Reminder {when}: {text}",
        "briefing-waiting": "• {count} wait for your answer, longest: {names}",
        "briefing-overdue": "• Overdue: {number}, {amount}",
        "target-late": "No answer yet to {name} (“{topic}”): the target was {when}.",
        "target-late-resolution": "Not settled yet: {name} (“{topic}”), the target was {when}.",
        "payment-in": "Payment from {name}: {amount}.",
        "overdue-news": "Has become overdue:",
        "overdue-item": "• {number}, {name}: {amount}, due {due}",
        "overdue-more": "… and {count} more; “overdue” shows all.",
        "snooze-over": "Back again: {name} (“{topic}”).",
        "colleague-asks": "{asker} asks about {name}: “{text}” – to answer: note {name}: …",
        "code-subject": "Your code for {company}",
        "code-text": "Hello,\n\nyour code is {code}. It is valid for {minutes} minutes. Please enter it where "
        "you asked for it.\n\nYou did not ask for one? Then there is nothing to do: without the code nobody "
        "learns anything. Please do not pass it on.\n\n{company}",
        "mail-code-subject": "Code for your mail address",
        "mail-code-text": "Hello,\n\nyour code is {code}. Enter it on your own page of the console within 30 minutes; "
        "from then on what you want by mail comes here.\n\nYou did not ask for one? Then there is nothing to do."
        "\n\n{company}",
        "code-sent": "A one-time code was asked for {name}, from {address}.",
        "code-redeemed": "{name} has proved who they are with a code, and now writes from {address} too.",
        "customer-title": "Appointment with {company}",
        "customer-booked": "{name} has booked an appointment: {when}.",
        "customer-moved": "{name} has moved an appointment, to {when}.",
        "customer-cancelled": "{name} has cancelled the appointment on {when}.",
        "invitation-subject": "Invitation: {title}, {when}",
        "invitation": "Hello,\n\nwe invite you: {title}, on {when}. Please answer with your calendar program, or "
        "simply to this mail.\n\n{company}",
        "invitation-changed-subject": "Changed: {title}, {when}",
        "invitation-changed": "Hello,\n\nthe appointment has changed: {title}, now on {when}.\n\n{company}",
        "invitation-cancelled-subject": "Cancelled: {title}, {when}",
        "invitation-cancelled": "Hello,\n\nthe appointment on {when} is cancelled: {title}.\n\n{company}",
        "reply-accepted": "Accepted: {title}",
        "reply-declined": "Declined: {title}",
        "reply-tentative": "Tentatively accepted: {title}",
        "answered-accepted": "{name} is coming: “{title}”, {when}.",
        "answered-declined": "{name} has declined: “{title}”, {when}.",
        "answered-tentative": "{name} may come: “{title}”, {when}.",
        "answered-needs-action": "{name} has answered “{title}”, {when} without a decision.",
        "answered-delegated": "{name} has answered “{title}”, {when}.",
        "answered-counter": "{name} proposes another time for “{title}” instead of {when}: {proposed}.",
        "invited": "{name} invites: “{title}”, {when}. It waits for an answer.",
        "invited-again": "{name} has changed the invitation: “{title}”, now {when}. Please answer anew.",
        "invitation-gone": "{name} has cancelled “{title}” on {when}.",
        "as-contact-more": "… (the whole is in the console)",
        "as-contact-files": "Files: {names}",
        "caller-waits": "waits since {when} ({channel})",
        "look-first": "{why} To send it nevertheless, send the same words again.",
        "look-mixes": "Customers and business partners are both among the recipients.",
        "look-other-answers": "Somebody else is answering here at the moment.",
        "look-other-owns": "Somebody else looks after this.",
        "look-cannot-send": "The hub cannot send on this way at the moment; nothing went out.",
        "relay-no-right": "You do not have the right to do this; an admin can give it to you.",
        "relay-nothing": "There is no conversation with this contact that could be answered.",
        "relay-too-much": "This is too long, too large or empty; nothing went out.",
        "relay-failed": "That did not work; nothing went out. ({code})",
        "relay-too-late": "This cannot be taken back any more.",
        "relay-taken-back": "Taken back; nothing went out.",
        "relay-noted": "Noted.",
        "instance-gone": "{name} has cancelled one appointment of the series “{title}”: {when}.",
        "instance-moved": "{name} has moved one appointment of the series “{title}”: from {when} to {proposed}.",
        "instance-taken": "{name} wants to move one appointment of the series “{title}” from {when} to {proposed}, "
        "where something stands already. Nothing is changed in the calendar; please settle it.",
        "breaker": "{count} automatic messages went out in the last hour; the hub sends no more by itself. New "
        "messages go to the queue. Please look whether something runs in circles.",
        "contact-blocked": "{name} has blocked our bot: nothing arrives there until that is lifted.",
        "contact-back": "{name} can be reached again: the bot is not blocked any more.",
        "invite-used": "{name} followed the invitation and now also writes from {address}.",
        "invite-taken": "{address} opened the invitation for {name}, but that account belongs to another contact "
        "already. Nothing was linked.",
        "link-wrong": "This code is not valid (any more). The console gives a new one.",
        "link-done": "Linked, {name}. “help” shows what I can do.",
        "refusal": "This is the internal assistant of {company}. I only talk to colleagues.",
    },
}


def say(language: str, key: str, **values: object) -> str:
    """The line in German ("de", "de-AT", ...) or, for every other language, in English. Raises KeyError for an
    unknown key."""
    return TEXTS["de" if language.startswith("de") else "en"][key].format(**values)


CHANNELS = {
    "email": ("Mail", "mail"),
    "xmpp": ("XMPP", "XMPP"),
    "phone": ("Telefon", "phone"),
    "shop": ("Shop", "shop"),
}
"""Address forms that are not a product's name, in German and English."""


def channel_label(language: str, channel: str) -> str:
    """What to call the channel in a line."""
    german, english = CHANNELS.get(channel, (channel.capitalize(), channel.capitalize()))
    return german if language.startswith("de") else english


def one_line(text: str, limit: int = 80) -> str:
    """What a stranger wrote, fit for the middle of a line: no line breaks, no control or direction characters, at
    most `limit` characters."""
    shown = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    folded = " ".join(shown.split())
    return folded if len(folded) <= limit else f"{folded[: limit - 1].rstrip()}…"

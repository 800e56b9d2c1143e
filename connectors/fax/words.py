"""What stands on our pages and in the states of a fax, in German and English."""

import re

WORDS: dict[str, dict[str, str]] = {
    "de": {
        "fax": "Telefax",
        "to": "An",
        "at": "Fax",
        "from": "Von",
        "date": "Datum",
        "subject": "Betreff",
        "pages": "Seiten",
        "with-cover": "{pages} (mit diesem Deckblatt)",
        "page": "Seite {page}/{pages}",
        "date-form": "%d.%m.%Y %H:%M",
        "queued": "angenommen, {pages} Seiten, Auftrag {job}",
        "sent-pages": "{sent} von {pages} Seiten",
        "running": "wird übertragen, {progress}",
        "waiting": "{why}; {dials} von {most} Anrufen, weitere folgen",
        "delivered": "übertragen, {progress}",
        "failed": "{why}; {progress}",
        "busy": "besetzt",
        "no-answer": "keine Antwort",
        "no-carrier": "es meldet sich kein Faxgerät",
        "no-dialtone": "kein Wählton auf unserer Leitung",
        "aborted": "abgebrochen",
        "bad-number": "die Nummer gibt es nicht",
        "other": "{words}",
        "handed-over": "an {peer} übergeben, {pages} Seiten; der Bericht kommt als Mail",
        "outside-hours": "gefaxt wird {hours} Uhr",
        "cannot-draw": "Die Seiten lassen sich nicht zeichnen: {words}",
        "repeat": "Dasselbe ging um {when} Uhr an diese Nummer. Wenn es noch einmal gesendet werden soll: im "
        "Postausgang „Noch einmal senden“.",
    },
    "en": {
        "fax": "Fax",
        "to": "To",
        "at": "Fax",
        "from": "From",
        "date": "Date",
        "subject": "Subject",
        "pages": "Pages",
        "with-cover": "{pages} (with this cover sheet)",
        "page": "page {page}/{pages}",
        "date-form": "%Y-%m-%d %H:%M",
        "queued": "accepted, {pages} pages, job {job}",
        "sent-pages": "{sent} of {pages} pages",
        "running": "being sent, {progress}",
        "waiting": "{why}; {dials} of {most} calls, more follow",
        "delivered": "sent, {progress}",
        "failed": "{why}; {progress}",
        "busy": "busy",
        "no-answer": "no answer",
        "no-carrier": "no fax machine answers",
        "no-dialtone": "no dial tone on our line",
        "aborted": "aborted",
        "bad-number": "there is no such number",
        "other": "{words}",
        "handed-over": "handed to {peer}, {pages} pages; its report comes as a mail",
        "outside-hours": "faxes leave {hours}",
        "cannot-draw": "The pages cannot be drawn: {words}",
        "repeat": "The same went to this number at {when}. To send it once more: “Send again” in the outbox.",
    },
}
_REASONS = (
    (re.compile(r"busy", re.I), "busy"),
    (re.compile(r"no[_ ]answer|no[_ ]local[_ ]dial|not[_ ]answer", re.I), "no-answer"),
    (re.compile(r"no[_ ]carrier|fax_call_dropped|handshake|receiver_no_response|no response", re.I), "no-carrier"),
    (re.compile(r"dial ?tone", re.I), "no-dialtone"),
    (re.compile(r"abort|cancel|removed", re.I), "aborted"),
    (re.compile(r"invalid_number|unallocated|destination_invalid|bad number|no such number", re.I), "bad-number"),
)


def say(language: str, key: str, **fields: object) -> str:
    """The words of that key."""
    return WORDS[language][key].format(**fields)


def reason_of(words: str) -> str:
    """The kind of failure that a gateway's words tell of."""
    return next((reason for pattern, reason in _REASONS if pattern.search(words)), "other")


def explain(language: str, words: str) -> str:
    """A gateway's words in ours; its own, cut to 120 characters, where we know none."""
    return say(language, reason_of(words), words=" ".join(words.split())[:120] or "?")

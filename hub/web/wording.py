"""Words for values that the domain names in English: states, kinds, evidence, errors."""

from hub.domain.errors import FernamtError
from hub.web.formats import Reader

WORDS: dict[str, dict[str, str]] = {
    "channel": {"email": "Mail", "xmpp": "XMPP", "": "Internal"},
    "outbox": {
        "queued": "queued",
        "sending": "being sent",
        "sent": "sent",
        "delivered": "delivered",
        "held": "needs a decision",
        "failed": "not sent",
        "bounced": "came back",
        "cancelled": "taken back",
    },
    "outbox-tab": {
        "queued": "Queued",
        "sending": "Being sent",
        "sent": "Sent",
        "delivered": "Delivered",
        "held": "Needs a decision",
        "failed": "Not sent",
        "bounced": "Came back",
        "cancelled": "Taken back",
    },
    "outbox-empty": {
        "queued": "Nothing waits to be sent. What is written in a conversation stands here until it leaves.",
        "sending": "Nothing is being sent at this moment.",
        "sent": "Nothing has been sent yet. Answers stand here once the other side has taken them.",
        "delivered": "No delivery has been confirmed yet. Not every channel confirms it.",
        "held": "Nothing needs a decision. Here stands what may or may not have arrived, until somebody decides.",
        "failed": "Nothing has failed. Here stands what the other side refused, or what could not leave in time.",
        "bounced": "Nothing has come back.",
        "cancelled": "Nothing has been taken back.",
    },
    "link": {"up": "connected", "down": "no connection", "connecting": "connecting", "parked": "stopped, needs you"},
    "outcome": {
        "open": "under way",
        "sent": "taken by the other side",
        "temporary": "not now, will be tried again",
        "permanent": "refused",
        "unknown": "unknown whether it arrived",
    },
    "reason": {
        "unknown-outcome": "Unknown whether it arrived: the connection broke before an answer came.",
        "gave-up": "The other side could not be reached for too long.",
        "suppressed": "The address is on the suppression list.",
        "refused": "The other side refused it.",
        "temporary": "The other side does not take it at the moment.",
        "hard": "There is no such address.",
        "soft": "The mailbox does not take anything at the moment.",
        "policy": "The other side refuses it by its rules.",
        "challenge": "The other side asks for a confirmation first.",
        "blob-missing": "An attached file is no longer there.",
        "no-way-to-send": "This channel is not set up for sending.",
    },
    "evidence": {
        "token": "Our own signed token stands in the recipient address or in the message it answers.",
        "token-in-body": "Our own signed token stands in the quoted text.",
        "references": "It names a message of this conversation as the one it answers.",
        "foreign-reference": "It names an order or reference that belongs here.",
        "number": "The conversation's number stands in the subject.",
        "subject": "Same sender, same subject, within 14 days.",
        "chat": "It is the running chat with this person.",
        "reply": "We wrote it as an answer here.",
        "person": "A colleague put it here.",
        "none": "It opened this conversation.",
    },
    "strength": {"claimed": "claimed", "authenticated": "authenticated", "verified": "verified"},
    "strength-long": {
        "claimed": "Claimed: the sender's address is only what the message says.",
        "authenticated": "Authenticated: the sender's system proved the address.",
        "verified": "Verified: a code or a colleague confirmed the address.",
    },
    "role": {
        "customer": "Customer",
        "supplier": "Supplier",
        "wholesaler": "Wholesaler",
        "partner": "Partner",
        "colleague": "Colleague",
    },
    "user-role": {
        "admin": "Admin",
        "agent": "Employee",
        "accountant": "Accountant",
        "read-only": "Read-only",
    },
    "user-role-long": {
        "admin": "Admin: also channels, quarantine, users and deleting",
        "agent": "Employee: reads, answers, keeps contacts",
        "accountant": "Accountant: reads everything, keeps the books",
        "read-only": "Read-only: looks on",
    },
    "rows": {
        "all": "All contacts",
        "team": "Contacts of the own teams, and those that nobody owns",
        "own": "Own contacts, and those that nobody owns",
    },
    "right": {
        "read-contacts": "read contacts",
        "edit-contacts": "edit contacts",
        "write-messages": "write messages",
        "write-notes": "write notes",
        "own-conversations": "assign and close conversations",
        "delete-conversations": "delete conversations",
        "run-outbox": "run the outbox",
        "run-quarantine": "run the quarantine",
        "run-channels": "run channels",
        "read-status": "read the status",
        "read-accounts": "read accounts",
        "book": "keep the books",
        "read-calendars": "read calendars",
        "book-appointments": "book appointments",
        "run-queues": "configure queues",
        "read-audit": "read the audit log",
        "merge-contacts": "merge contacts",
        "export-contacts": "export all contacts",
    },
    "class": {
        "human": "written by a person",
        "auto-reply": "automatic reply",
        "bulk": "bulk mail",
        "bounce": "delivery report",
        "own": "our own",
    },
    "mark": {
        "reused-id": "reused message id",
        "first-contact": "first contact",
        "cut": "shortened",
        "history": "from the old mailbox",
        "sent-elsewhere": "sent from another program",
        "please-check": "please check",
    },
    "stage": {
        "keep": "while it was taken in",
        "parse": "while it was read",
        "route": "while its mailbox was looked for",
        "record": "while it was recorded",
    },
    "language": {"de": "German", "en": "English", "": "not known"},
    "audit-outcome": {"ok": "done", "refused": "refused", "failed": "failed"},
    "error": {
        "invalid": "That cannot be understood.",
        "not-found": "There is no such thing here.",
        "ambiguous": "Several things fit.",
        "refused": "You may not do this.",
        "conflict": "Somebody was quicker, or it is too late for that.",
        "too-many": "Too many attempts. Please wait a moment.",
        "store-unavailable": "The store does not answer at the moment. Nothing is lost; try again soon.",
        "store-busy": "Another hub holds the store.",
        "blob-missing": "A stored file is missing.",
        "unreadable": "This message cannot be read.",
        "internal": "Something went wrong on our side. It has been logged.",
    },
    "done": {
        "sent": "Accepted for sending. You can take it back for a moment.",
        "taken-back": "Taken back. It was not sent.",
        "note": "The note is kept.",
        "assigned": "Assigned.",
        "queued": "Back in the queue.",
        "closed": "Closed. A new message opens it again.",
        "reopened": "Open again.",
        "deleted": "The conversation is deleted and does not come back with the mailbox.",
        "created": "The contact is kept.",
        "saved": "The changes are kept.",
        "no-conversation": "There is no conversation with this contact yet that could be answered.",
        "retry": "It is queued and leaves as soon as the channel takes it.",
        "cancel": "Taken back. It will not be sent.",
        "settle": "Marked as sent. It will not be sent again.",
        "replayed": "It was read this time and is recorded.",
        "still-quarantined": "It still cannot be read, and stays here.",
        "password": "The new password is set.",
        "unlinked": "The link is removed.",
        "token-ended": "The token is ended. Programs that hold it are locked out.",
    },
}
"""Message ids by table and value. The catalogues hold a translation of each; a test compares."""


def wording(table: str, value: object) -> str:
    """The message id for a value: `wording("outbox", OutboxState.HELD)`; the value itself where none is known."""
    return WORDS[table].get(str(value), str(value))


def said(error: FernamtError, r: Reader) -> str:
    """An error's sentence for the reader; where nobody translated it, what its code means stands before it."""
    translated = r.say(error.sentence)
    if r.language == "en" or translated != error.sentence:
        return translated
    return r.t("%(meaning)s (%(sentence)s)", meaning=r.t(wording("error", error.code)), sentence=error.sentence)

"""Sentences that services and connectors write in English, with their variable parts named, so that pages can show
them in the reader's language. What is not listed here is shown as it came: a peer's own words, mostly."""

import re
from functools import lru_cache

SENTENCES = (
    # access
    'This needs the right "%(right)s" (role %(roles)s); an admin can grant it.',
    'The right "%(right)s" is not open through this door; sign in at the console, or use a token that is not limited.',
    "Only a colleague who has signed in may do this.",
    # accounts
    "A name has 1 to 60 letters and digits, without blanks.",
    "A display name has at most 100 characters.",
    "A password has %(least)s to %(most)s characters.",
    'The name "%(name)s" is taken; choose another one.',
    "There is no such colleague.",
    "There is no such colleague, or they are not active.",
    "Somebody else changed this colleague first; load again.",
    "This account is not linked to that colleague.",
    "Too many people sign in at once; try again in a few seconds.",
    "Too many attempts; wait a few minutes and try again.",
    "A token has a name of 1 to 100 characters, so that it can be told from others.",
    "At most %(count)s tokens; end one first.",
    "There is no such token of yours.",
    # contacts
    "There is no such contact.",
    "Somebody else changed this contact first; load it again.",
    "A contact needs a name.",
    "At most %(count)s addresses at once.",
    "At most %(count)s characters.",
    "One line only.",
    "An address has at most 1,000 characters.",
    "There is no kind of address called %(kind)s.",
    "There is no such colleague to own the contact.",
    # conversations and entries
    "There is no such conversation.",
    "There is no conversation with this contact that could be answered.",
    "There is no such entry.",
    "There is no such attachment.",
    "This entry was written here; there is no message as it came.",
    "The message was deleted on request.",
    "A note has 1 to %(count)s characters.",
    "This conversation is with another contact.",
    "The conversation changes all the time; try again.",
    "An answer needs a text.",
    "An answer has at most %(count)s characters.",
    "At most %(count)s files, together at most %(size)s MiB.",
    "This key was used for another conversation.",
    "This channel is not set up for sending; the answer waits until it is.",
    "The connection of this channel is down at the moment; the answer waits until it is back.",
    "This address is on the suppression list; an earlier message to it could not be delivered.",
    "This address does not want to be written to; the suppression list says so.",
    "Another colleague's answer in this conversation is about to leave.",
    "Another colleague is in charge of this conversation.",
    "Customers and business partners are both among the recipients.",
    # outbox and quarantine
    "There is no such item in the outbox.",
    "Only a held item can be settled.",
    "An item that is %(state)s cannot become %(other)s.",
    "The item keeps changing; look at it again.",
    "There is no such arrival.",
    "There is no such arrival in quarantine.",
    "This arrival is not in quarantine any more.",
    "Only what lies in quarantine can be replayed.",
    "Somebody else replays it already.",
    "The bytes of this arrival are gone.",
    "None of our addresses is among its recipients; add the address to the channel, then replay.",
    "It names no sender that can be read.",
    "It cannot be read.",
    "Its parsing crashed or ran over its time %(count)s times.",
    'The channel "%(name)s" is not configured any more: add it again, then replay.',
    "Recording it failed (%(code)s).",
    "Routing failed (%(code)s).",
    "The mail is empty.",
    "This is no mail: it has none of the header fields that a mail carries.",
    "The mail could not be read (%(code)s); its raw bytes are kept.",
    "same sender, same subject",
    "first message of this chat",
    "the last one was closed, then silence",
    "same peer, same account",
    "our token in what it answers",
    "our token in the quotation",
    "answers: %(id)s",
    "shares an ancestor: %(id)s",
    "[#%(number)s] in the subject",
    "order %(number)s",
    "the order that it is about",
    "What the shop sent is no JSON (line %(line)s, column %(column)s).",
    "What the shop sent is no JSON object.",
    "Neither a customer nor an order can be read from it.",
    "This cursor cannot be read; start again from the first page.",
    # status
    "The channel %(name)s is parked until its settings are mended.",
    "The channel %(name)s is down.",
    "Outgoing messages that a person must decide about: %(count)s.",
    "The oldest outgoing message has been due for %(count)s minutes.",
    "Messages in quarantine: %(count)s.",
    # channel tests
    "Listen for mail",
    "Mail is being taken in.",
    "Find the mailbox's server",
    "Connect to the mailbox",
    "Sign in to the mailbox",
    "Open the folders",
    "Find the server for sending",
    "Connect to the server for sending",
    "Sign in for sending",
    "Answer in time",
    "No answer within 28 seconds.",
    "Connect",
    "Certificate",
    "Settings",
    "The server refuses name or password.",
    "%(where)s does not answer.",
    "Check the host name in the settings, and this machine's DNS.",
    "Check host, port and tls, that the server runs, and that no firewall is between.",
    "Check user and password; the provider may want a password for applications.",
    "Correct the channel's settings as the sentence says.",
    "Correct folders and sent_folder; names are those that a mail program shows.",
    "Stop the program that has the port, or choose another address to listen on.",
    "Check host and port, and that the server runs and no firewall is between.",
    "Check host, port and firewall.",
    "Check jid and password; the account must exist on the server.",
    "Correct the channel's settings.",
    # channel tests: shops
    "Secrets",
    "webhooks come to %(path)s",
    "Ask for what was missed",
    "not configured",
    "Ask the shop",
    "The shop does not answer in time.",
    "Check the url and the firewall, then test again.",
    "Give the key the right to read orders, or make a new one.",
    "Webhooks",
    "disabled by the shop: %(names)s",
    "the key may not read webhooks: look into the shop yourself",
    "WooCommerce, Settings, Advanced, Webhooks: set the status to Active again.",
    "The shop refuses the key, or the key may not read orders: correct it in the settings.",
    "The shop refuses the integration's key or secret: correct them in the settings.",
    "The shop sends us to another address: write that one into the url.",
    "The shop at %(url)s does not answer (%(error)s).",
    "The address answers, but has no %(path)s: check the url and the system.",
    "The address answers, but not as a Shopware shop does: check the url.",
    "waits for webhooks; without an api, what is missed stays missed",
    "asked every %(count)s minutes, besides webhooks",
    "the shop has disabled our webhook (%(names)s): enable it; asked every %(count)s minutes, besides webhooks",
    "Set ca_file to the server's certificate authority, or give the server a valid certificate.",
    "signed in as %(name)s",
    # what could not be read of a mail
    "The mail has no date.",
    "The Message-ID is damaged or too long; the mail is known by its fingerprint.",
    "The mail names several senders; the first counts, and none is taken for proven.",
    "From is missing; the Sender field counts instead.",
    "The subject is longer than %(count)s characters; the rest is left out.",
    "The text is longer than 64 Ki characters; the rest is left out (it is in the raw mail).",
    "A uuencoded file is damaged; it is kept as far as it could be read.",
    "The message is encrypted; its content cannot be read here.",
    "The message is encrypted or sealed with S/MIME; its content cannot be read here.",
    "A file is packed in Outlook's own format (winmail.dat); it is kept but not unpacked.",
    "The parts of the message are not separated as its header says; they were guessed.",
    "The message ends before its last part does; something may be missing.",
    "The header is larger than what is read of it; the rest is left out.",
    "The HTML text is longer than 1 MB; the rest is left out.",
    "The HTML text is built to take unreasonably long; only its words are shown.",
    "The date “%(date)s” cannot be read.",
    "Of %(count)s attachments the first %(shown)s are shown.",
    "%(field)s names more than %(count)s people; the rest is left out.",
    "The address “%(address)s” in %(field)s is not one that mail can go to.",
)
_HOLE = re.compile(r"%\((\w+)\)s")


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    made = []
    for sentence in SENTENCES:
        if "%(" in sentence:
            parts = _HOLE.split(sentence)
            spelt = "".join(f"(?P<{part}>.{{1,200}}?)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
            made.append((re.compile(spelt), sentence))
    return made


def find_sentence(text: str) -> tuple[str, dict[str, str]]:
    """The message id that the text was made from, and the values of its variable parts; the text itself where it is
    no sentence of ours."""
    if len(text) <= 500 and text not in SENTENCES:
        for pattern, sentence in _patterns():
            if match := pattern.fullmatch(text):
                return sentence, match.groupdict()
    return text, {}

"""Ids that a mail program folded into encoded words are read all the same."""

from email import policy
from email.message import EmailMessage

from connectors.email.parse import EMAIL_PARSER
from hub.domain.message import Envelope
from hub.ports.parser import ParseContext

OURS = "f1.abcdefghijklmnopqrstuvwxyz.hfx.rwlj533ozl.l3ixukj22labk7wh@joinery-with-a-long-name.example"


def test_ac15_an_answer_by_a_program_that_encodes_long_ids_keeps_our_token() -> None:
    mail = EmailMessage()
    mail["From"] = "petra@customer.example"
    mail["In-Reply-To"] = mail["References"] = f"<{OURS}>"
    mail.set_content("Yes.")
    raw = mail.as_bytes(policy=policy.SMTP)
    assert b"=?" in raw.split(b"References:")[1][:20]
    message = EMAIL_PARSER.parse(raw, Envelope(), ParseContext(account="mail"))
    assert message.in_reply_to == (OURS,)
    assert message.references == (OURS,)

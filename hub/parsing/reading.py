"""One arrival's bytes to a Parsed: the parser, then the search terms."""

from hub.domain.errors import Unreadable
from hub.domain.message import Envelope, Message, Parsed
from hub.ports.connector import Account
from hub.ports.parser import ParseContext, Parser
from hub.ports.search import Terms


def context_of(account: Account, signature_key: bytes) -> ParseContext:
    """What a parser must know of the account."""
    return ParseContext(
        account=account.name,
        own_addresses=account.own_addresses,
        authserv_id=account.authserv_id,
        own_signature_key=signature_key,
    )


def parse_one(parser: Parser, terms: Terms, raw: bytes, envelope: Envelope, context: ParseContext) -> Parsed:
    """Never raises an Exception: a parser that breaks its promise must not take the others of its batch along."""
    try:
        message = parser.parse(raw, envelope, context)
    except Unreadable as error:
        return Parsed(message=None, reason=error.sentence)
    except Exception as error:  # noqa: BLE001 - told as the reason; the bytes are kept, so that it can be found
        return Parsed(message=None, reason=f"The parser failed ({type(error).__name__}); this is a fault of the hub.")
    return Parsed(message=message, terms=terms(_words_of(message)))


def _words_of(message: Message) -> str:
    """What an entry is found by: subject, what is new in it, people, names of files."""
    content = message.content
    words = [content.subject, content.reply_text or content.text]
    people = message.recipients if message.sender is None else (message.sender, *message.recipients)
    for person in people:
        words.append(person.name)
        words.append(person.address.normal)
    words.extend([file.name for file in content.attachments])
    return "\n".join(words)

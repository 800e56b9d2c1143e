"""What programs send, checked by pydantic, and the small reading helpers of every endpoint."""

import secrets
from typing import Annotated, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from hub.domain.errors import Conflict, Invalid
from hub.web.site import actor_of

MAX_BODY = 1_048_576
MAX_LIMIT = 200
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100_000)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Body(BaseModel):
    """A request body; unknown fields are refused, so that a typing error is not silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AddressBody(Body):
    """An address to bind: `{"channel": "email", "address": "p.mueller@example.org"}`."""

    channel: Name
    address: Name


class RelationBody(Body):
    """What another contact is to this one."""

    kind: Name
    contact: Name


class ConsentBody(Body):
    """What the contact agreed to, and how we know."""

    purpose: Name
    source: Short


class ContactBody(Body):
    """A new contact, or the fields to change."""

    name: Name | None = None
    organisation: Short | None = None
    city: Short | None = None
    language: Literal["", "de", "en"] | None = None
    roles: tuple[Literal["customer", "supplier", "wholesaler", "partner", "colleague"], ...] | None = None
    owner: Short | None = None
    notes: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    department: Short | None = None
    tags: Annotated[tuple[Name, ...], Field(max_length=50)] | None = None
    custom: Annotated[dict[str, str], Field(max_length=50)] | None = None
    preferred_channel: Short | None = None
    relations: Annotated[tuple[RelationBody, ...], Field(max_length=100)] | None = None
    consents: Annotated[tuple[ConsentBody, ...], Field(max_length=50)] | None = None
    addresses: tuple[AddressBody, ...] = ()
    confirm: bool = False


class ChannelBody(Body):
    """A channel to configure: settings by name as in the configuration file, nested ones dotted (`imap.host`)."""

    kind: Name
    settings: Annotated[dict[str, str], Field(max_length=200)] = {}


class NoteBody(Body):
    """An internal note."""

    text: Text
    conversation_id: Short | None = None


class CallBody(Body):
    """A call that no exchange told of."""

    text: Text
    minutes: Annotated[int, Field(ge=0, le=1_440)] = 0
    incoming: bool = False


class ReplyBody(Body):
    """An answer. `immediately` gives up the seconds in which it can be taken back."""

    text: Text
    immediately: bool = False


class AssignBody(Body):
    """A colleague's name, or null for the queue."""

    user: Short | None


class UserBody(Body):
    """A new colleague."""

    name: Name
    role: Literal["admin", "agent", "accountant", "read-only"] = "agent"
    display_name: Short = ""
    language: Literal["de", "en"] = "en"


class AskBody(Body):
    """A question for the staff bot; `as` needs the right to ask for another."""

    text: Text
    as_user: Short | None = Field(default=None, alias="as")


B = TypeVar("B", bound=Body)


async def read_body(request: web.Request, model: type[B]) -> B:
    """The body as this model. Raises Invalid with a sentence for each field."""
    if (request.content_length or 0) > MAX_BODY:
        raise web.HTTPRequestEntityTooLarge(max_size=MAX_BODY, actual_size=request.content_length or 0)
    raw = await request.read()
    if len(raw) > MAX_BODY:
        raise web.HTTPRequestEntityTooLarge(max_size=MAX_BODY, actual_size=len(raw))
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        problems: dict[str, object] = {
            ".".join(map(str, problem["loc"])) or "body": problem["msg"] for problem in error.errors()
        }
        listed = "; ".join(f"{name}: {text}" for name, text in problems.items())
        raise Invalid(f"The body cannot be understood: {listed}", **problems) from error


MAX_FILE = 20_971_520


async def read_file(request: web.Request) -> bytes:
    """A file as the body, at most 20 MiB. Raises Invalid for an empty one."""
    if (request.content_length or 0) > MAX_FILE:
        raise web.HTTPRequestEntityTooLarge(max_size=MAX_FILE, actual_size=request.content_length or 0)
    data = bytearray()
    async for chunk in request.content.iter_chunked(65_536):
        data += chunk
        if len(data) > MAX_FILE:
            raise web.HTTPRequestEntityTooLarge(max_size=MAX_FILE, actual_size=len(data))
    if not data:
        raise Invalid("The file is empty.", field="file")
    return bytes(data)


def required_key(request: web.Request) -> str:
    """The Idempotency-Key, bound to who acts. Without one each request is an act of its own."""
    key = request.headers.get("Idempotency-Key", "")[:200] or secrets.token_hex(16)
    return f"api:{actor_of(request).id}:{key}"


def page_of(request: web.Request) -> tuple[str | None, int]:
    """`after` and `limit` of a list, 1 to 200."""
    after = request.query.get("after") or None
    text = request.query.get("limit", "50")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= MAX_LIMIT:
        raise Invalid(f"limit must be a number from 1 to {MAX_LIMIT}.", limit=text[:40])
    return after, int(text)


def version_of(request: web.Request, current: int) -> int:
    """The version that If-Match names (RFC 9110 §13.1.1); the current one where the header is absent or `*`."""
    text = request.headers.get("If-Match", "").strip()
    if text in ("", "*"):
        return current
    bare = text.strip('"')
    if not bare.isascii() or not bare.isdigit() or len(bare) > 12:
        raise Conflict("If-Match must be the ETag that a GET of the contact gave.", if_match=text[:40])
    return int(bare)

"""The error catalogue. Each error has a stable code, a sentence for the operator that says how to mend it,
fields for the log, and keeps its cause (`raise ... from`). What a peer is told is decided at the edge."""

from datetime import timedelta
from typing import ClassVar


class FernamtError(Exception):
    """Root of every error we raise on purpose.

    `code` is stable and documented in docs/errors.md; `sentence` is for a person; `fields` go to the log and, where
    they name inputs, beside the field of a form. Never put message bodies or secrets into any of them.
    """

    code: ClassVar[str] = "internal"

    def __init__(self, sentence: str, **fields: object) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.fields = fields


class Invalid(FernamtError):
    """An input cannot be understood or is out of bounds; `fields` names which."""

    code = "invalid"


class NotFound(FernamtError):
    """No such thing, or none that this actor may see: the answer is the same."""

    code = "not-found"


class Ambiguous(FernamtError):
    """Several things fit; `fields["choices"]` lists them."""

    code = "ambiguous"


class Refused(FernamtError):
    """The actor lacks a right; the sentence says which one and who can grant it."""

    code = "refused"


class NotProved(FernamtError):
    """Whoever asks has not proved who they are: nothing is told or done; a one-time code is offered."""

    code = "not-proved"


class Conflict(FernamtError):
    """Somebody else changed it first, or the state does not allow the step."""

    code = "conflict"


class TooMany(FernamtError):
    """A rate limit or budget is used up; try again after `retry_after`."""

    code = "too-many"

    def __init__(self, sentence: str, *, retry_after: timedelta, **fields: object) -> None:
        super().__init__(sentence, **fields)
        self.retry_after = retry_after


class StoreUnavailable(FernamtError):
    """The store cannot take or give data now (down, disk full). Temporary: upstream keeps the message."""

    code = "store-unavailable"


class StoreBusy(StoreUnavailable):
    """Another hub holds the store (lock file or lease)."""

    code = "store-busy"


class BlobMissing(FernamtError):
    """A blob that a document names is not in the blob store."""

    code = "blob-missing"


class Unreadable(FernamtError):
    """Raw bytes that no parser can turn into a message: to be quarantined, with the raw bytes kept."""

    code = "unreadable"


class ConfigurationInvalid(FernamtError):
    """The configuration file has problems; `problems` lists all of them as (path, sentence)."""

    code = "configuration-invalid"

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("\n".join(f"{path}: {sentence}" for path, sentence in problems))
        self.problems = problems


# links: raised by Connector.run


class LinkError(FernamtError):
    """A channel's connection cannot be had."""

    code = "link"


class Unreachable(LinkError):
    """The peer does not answer, or broke off: the supervisor retries with back-off."""

    code = "link-unreachable"


class AuthRejected(LinkError):
    """The peer refuses our credentials: parked, and the admins are told."""

    code = "link-auth-rejected"


class Misconfigured(LinkError):
    """What is configured cannot work (wrong certificate, no such mailbox): parked, and the admins are told."""

    code = "link-misconfigured"


# attempts: raised by Connector.send


class SendError(FernamtError):
    """One attempt did not succeed. `peer` is the other side's own words, shortened, for the person who wrote."""

    code = "send"


class TemporaryFailure(SendError):
    """Certainly not sent; trying later may help. `retry_after` obeys the peer where it says."""

    code = "send-temporary"

    def __init__(self, sentence: str, *, retry_after: timedelta | None = None, **fields: object) -> None:
        super().__init__(sentence, **fields)
        self.retry_after = retry_after


class PermanentFailure(SendError):
    """Certainly not sent, and trying again will not help."""

    code = "send-permanent"


class TooLarge(PermanentFailure):
    """A file is larger than the channel carries; it may go as a link."""

    code = "send-too-large"


class UnknownOutcome(SendError):
    """The data left, the answer did not come: nobody knows whether it was sent."""

    code = "send-unknown"

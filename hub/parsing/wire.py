"""What the hub and its parse worker say to each other: length-prefixed BSON documents over two pipes. Nothing that is
read is ever executed (no pickle): a worker that hostile mail has taken over can lie about that mail, no more.

Request `{op, ...}`: `parse` {contexts: {account: ..}, jobs: [{kind, account, envelope, raw}]}, `extract`
{kind, raw, index}, `render` {kind, raw}. Response: {results: [Parsed as BSON bytes]}, {data},
{html}, or {error, sentence}.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import bson

from hub.domain.errors import Invalid
from hub.domain.message import Envelope, Parsed
from hub.parsing.reading import parse_one
from hub.ports.parser import ParseContext, ParseJob, Parser
from hub.ports.search import Terms
from storage.codec import codec_for, decode_document

LENGTH_BYTES = 4
MAX_FRAME = 512 * 1024 * 1024

_ENVELOPE = codec_for(Envelope)
_CONTEXT = codec_for(ParseContext)
_PARSED = codec_for(Parsed)


def request_parse(jobs: Sequence[ParseJob], context: Callable[[str], ParseContext]) -> dict[str, Any]:
    """The request for these jobs."""
    accounts = {job.record.account for job in jobs}
    return {
        "op": "parse",
        "contexts": {name: _CONTEXT.to_document(context(name)) for name in accounts},
        "jobs": [
            {
                "kind": job.kind,
                "account": job.record.account,
                "envelope": _ENVELOPE.to_document(job.record.envelope),
                "raw": job.raw,
            }
            for job in jobs
        ],
    }


def answer_parse(request: Mapping[str, Any], parser: Callable[[str], Parser], terms: Terms) -> dict[str, Any]:
    """The worker's side of `request_parse`."""
    contexts = {name: _CONTEXT.from_document(document) for name, document in request["contexts"].items()}
    results = []
    for job in request["jobs"]:
        envelope = _ENVELOPE.from_document(job["envelope"])
        parsed = parse_one(parser(job["kind"]), terms, job["raw"], envelope, contexts[job["account"]])
        results.append(_encode(parsed))
    return {"results": results}


def _encode(parsed: Parsed) -> bytes:
    """What BSON cannot hold would spoil the whole batch, and could not be stored either."""
    try:
        return _PARSED.encode(parsed)
    except Invalid as error:
        return _PARSED.encode(Parsed(message=None, reason=f"What was read cannot be stored: {error.sentence}"))


def read_results(response: Mapping[str, Any], wanted: int) -> list[Parsed]:
    """The hub's side of `answer_parse`. Raises ValueError where it is not the response to so many jobs."""
    results = response.get("results")
    if not isinstance(results, list) or len(results) != wanted:
        raise ValueError("the worker did not answer what it was asked")
    return [_PARSED.decode(data) for data in results]


def encode_frame(document: Mapping[str, Any]) -> bytes:
    """A document with its length in front. Raises ValueError where it is too large."""
    data = bson.encode(document)
    if len(data) > MAX_FRAME:
        raise ValueError("this frame is too large")
    return len(data).to_bytes(LENGTH_BYTES, "big") + data


def frame_length(prefix: bytes) -> int:
    """How many bytes follow. Raises ValueError."""
    length = int.from_bytes(prefix, "big")
    if not 5 <= length <= MAX_FRAME:
        raise ValueError("this frame's length is out of bounds")
    return length


def decode_frame(data: bytes) -> dict[str, Any]:
    """The document of a frame. Raises ValueError."""
    return decode_document(data)

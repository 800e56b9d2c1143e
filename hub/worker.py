"""The parse worker: a process of its own, so that neither a long parse nor hostile mail can stop the hub.

`python -m hub.worker` reads requests from standard input and writes responses to standard output, one at a time
(hub/parsing/wire.py), until the hub closes the pipe. It opens no files, no sockets and no store, and it limits itself:
memory by RLIMIT_AS, time by RLIMIT_CPU. A channel's parser is loaded when its first message comes, so that the process
stays small: `connectors/KIND/parse.py` holds it as `KIND_PARSER`.
"""

import gc
import importlib
import os
import re
import resource
import signal
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, BinaryIO, cast

from hub.domain.errors import FernamtError, NotFound, Unreadable
from hub.parsing.wire import LENGTH_BYTES, answer_parse, decode_frame, encode_frame, frame_length
from hub.ports.parser import Parser
from storage.terms import extract_terms

MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 60
"""For one request; the hub's own deadline is shorter. It ends a worker whose hub was killed."""
_KIND = re.compile(r"[a-z][a-z0-9_]{0,30}")


@cache
def load_parser(kind: str) -> Parser:
    """The parser of a kind of channel. Raises Unreadable where there is none."""
    if not _KIND.fullmatch(kind):
        raise Unreadable("This is no name of a kind of channels.")
    try:
        module = importlib.import_module(f"connectors.{kind}.parse")
    except ModuleNotFoundError as error:
        raise Unreadable(f'There is no parser for channels of the kind "{kind}".') from error
    return cast(Parser, getattr(module, f"{kind.upper()}_PARSER"))


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """The response to one request."""
    try:
        match request.get("op"):
            case "parse":
                return answer_parse(request, load_parser, extract_terms)
            case "extract":
                return {"data": load_parser(request["kind"]).extract(request["raw"], request["index"])}
            case "render":
                return {"html": load_parser(request["kind"]).render_html(request["raw"])}
            case operation:
                return {"error": "invalid", "sentence": f"The worker knows no operation {operation!r}."}
    except NotFound as error:
        return {"error": error.code, "sentence": error.sentence}
    except FernamtError as error:
        return {"error": Unreadable.code, "sentence": error.sentence}
    except Exception as error:  # noqa: BLE001 - told to the hub; the worker goes on with the next request
        return {"error": Unreadable.code, "sentence": f"The parser failed ({type(error).__name__})."}


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer until the source ends."""
    while prefix := source.read(LENGTH_BYTES):
        _allow_time()
        request = decode_frame(source.read(frame_length(prefix)))
        sink.write(encode_frame(answer(request)))
        sink.flush()


def _allow_time() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def main() -> None:
    """Set the limits, then serve."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Ctrl-C and systemd's SIGTERM reach the whole group; the hub still needs its worker while it stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Whatever a library prints must not get between the frames.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    gc.freeze()
    serve(sys.stdin.buffer, sink)


if __name__ == "__main__":
    main()

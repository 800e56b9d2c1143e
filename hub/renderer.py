"""The rendering worker: a process of its own for files that people send, so that neither a long page nor a hostile file
can stop the hub. `python -m hub.renderer` reads requests from standard input and writes responses to standard output,
one at a time (hub/parsing/wire.py frames), until the hub closes the pipe. Like the parse worker it opens no files of
the hub, no sockets and no store, and limits its own memory and time."""

import gc
import os
import resource
import signal
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO

from hub.domain.errors import FernamtError, Unreadable
from hub.parsing.wire import LENGTH_BYTES, decode_frame, encode_frame, frame_length
from hub.ports.renderer import Paper

MEMORY_BYTES = 1536 * 1024 * 1024
CPU_SECONDS = 40


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """The response to one request. Libraries load with the first request that needs them."""
    try:
        match request.get("op"):
            case "text":
                from hub.rendering.reading import read_text

                found = read_text(request["data"], request["type"], request["name"])
                return {"text": found.text, "pages": found.pages, "cut": found.cut}
            case "preview":
                from hub.rendering.pictures import preview

                return {"data": preview(request["data"], request["width"])}
            case "pdf":
                from hub.rendering.paper import make_pdf

                return {"data": make_pdf(Paper(**request["paper"]))}
            case operation:
                return {"error": "invalid", "sentence": f"The worker knows no operation {operation!r}."}
    except FernamtError as error:
        return {"error": Unreadable.code, "sentence": error.sentence}
    except MemoryError:
        return {"error": Unreadable.code, "sentence": "This file needs too much memory to be read."}
    except Exception as error:  # noqa: BLE001 - told to the hub; the worker goes on with the next request
        return {"error": Unreadable.code, "sentence": f"This file cannot be read ({type(error).__name__})."}


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer until the source ends."""
    while prefix := source.read(LENGTH_BYTES):
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        request = decode_frame(source.read(frame_length(prefix)))
        sink.write(encode_frame(answer(request)))
        sink.flush()


def main() -> None:
    """Set the limits, then serve."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Ctrl-C and systemd's SIGTERM reach the whole group; the hub still needs its worker while it stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    gc.freeze()
    serve(sys.stdin.buffer, sink)


if __name__ == "__main__":
    main()

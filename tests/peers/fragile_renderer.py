"""The rendering worker with a reader that does what a hostile file might make a library do: `die` ends the process,
`hang` never returns, `eat` asks for more memory than is allowed, `babble` breaks the frames."""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hub import renderer
from hub.rendering import reading

honest = reading.read_text


def read_text(data: bytes, type: str, name: str) -> object:
    match data:
        case b"die":
            os._exit(3)
        case b"hang":
            time.sleep(60)
        case b"eat":
            bytearray(4 * renderer.MEMORY_BYTES)
        case b"babble":
            os.write(SINK, b"noise noise noise")
    return honest(data, type, name)


SINK = 3
reading.read_text = read_text  # type: ignore[assignment]

if __name__ == "__main__":
    original = os.fdopen

    def watched(fd: int, *args: object, **options: object) -> object:
        global SINK
        SINK = fd
        return original(fd, *args, **options)  # type: ignore[call-overload]

    os.fdopen = watched  # type: ignore[assignment]
    renderer.main()

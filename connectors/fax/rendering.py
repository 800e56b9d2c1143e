"""The hub's side of drawing: each job in a process of its own, bounded in time, memory and number; office files go
through LibreOffice first, where it is installed."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from connectors.fax.letter import ending, is_office
from hub.domain.errors import FernamtError, Invalid, Unreadable
from hub.ports.bundle import Bundle, BundledFile, open_bundle, pack_bundle

log = structlog.get_logger()
DRAW_SECONDS = 35.0
OFFICE_SECONDS = 45.0
MAX_AT_ONCE = 2
MAX_ANSWER = 256 * 1024 * 1024
COMMAND = (sys.executable, "-m", "connectors.fax.drawing")
OFFICE_LIMITS = 'ulimit -v 4194304 -t 60; exec "$@"'
"""KiB of memory, seconds of processor time."""
OFFICE_PROGRAMS = ("soffice", "libreoffice")
_ROOT = Path(__file__).resolve().parents[2]
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """What goes out."""

    tiff: bytes
    pdf: bytes
    pages: int
    cover: bool
    previews: tuple[bytes, ...] = ()


class Renderer:
    """Draws at most two jobs at a time. `office`: LibreOffice's program; None looks for it."""

    def __init__(self, command: Sequence[str] = COMMAND, *, office: str | None = None, seconds: float = DRAW_SECONDS):
        self._command, self._seconds = command, seconds
        self._office = office or next((path for name in OFFICE_PROGRAMS if (path := shutil.which(name))), None)
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)

    async def draw(self, job: bytes) -> Sheets:
        """Raises Invalid and Unreadable: neither will change by trying again."""
        async with self._turns:
            bundle = open_bundle(job)
            if any(is_office(file.name, file.data) for file in bundle.files):
                bundle = await self._convert_all(bundle)
            answer = await self._run(self._command, pack_bundle(bundle.native, bundle.files), self._seconds)
        return _read_answer(answer)

    async def _convert_all(self, bundle: Bundle) -> Bundle:
        files = [await self._convert(file) if is_office(file.name, file.data) else file for file in bundle.files]
        return Bundle(native=bundle.native, files=tuple(files))

    async def _convert(self, file: BundledFile) -> BundledFile:
        if self._office is None:
            raise Invalid(
                f'"{file.name[:60]}" is an office document and LibreOffice is not installed: send it as a PDF.'
            )
        with tempfile.TemporaryDirectory(prefix="fernamt-fax-") as folder:
            source = Path(folder, f"document.{ending(file.name)}")
            await asyncio.to_thread(source.write_bytes, file.data)
            # A profile of its own: LibreOffice refuses to start twice on one, and macros have no place in a fresh one.
            profile = f"-env:UserInstallation={Path(folder, 'profile').as_uri()}"
            options = ("--headless", "--norestore", "--convert-to", "pdf", "--outdir", folder, str(source))
            limited = ("/bin/sh", "-c", OFFICE_LIMITS, "office", self._office, profile, *options)
            await self._run(limited, b"", OFFICE_SECONDS, home=folder)
            made = source.with_suffix(".pdf")
            if not made.is_file():
                raise Unreadable(f'LibreOffice cannot turn "{file.name[:60]}" into a PDF.')
            return BundledFile(name=f"{file.name}.pdf", type="application/pdf", data=await _read(made))

    async def _run(self, command: Sequence[str], data: bytes, seconds: float, *, home: str = "") -> bytes:
        environment = {key: value for key, value in os.environ.items() if key in _KEPT}
        environment |= {"PYTHONPATH": str(_ROOT)} if not home else {"HOME": home}
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(seconds):
                answer, _ = await process.communicate(data)
        except TimeoutError as error:
            raise Unreadable("The document takes too long to be drawn; send it as a simpler PDF.") from error
        finally:
            await _end(process)
        if process.returncode and not home:
            log.warning("fax_drawing_died", code=process.returncode)
            raise Unreadable("The document broke the drawing of its pages; send it as a simpler PDF.")
        return answer


async def _end(process: asyncio.subprocess.Process) -> None:
    """It, and what it started."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _read(path: Path) -> bytes:
    return await asyncio.to_thread(path.read_bytes)


def _read_answer(answer: bytes) -> Sheets:
    try:
        if len(answer) > MAX_ANSWER:
            raise Unreadable("The pages are too large for a fax.")
        bundle = open_bundle(answer)
        told = json.loads(bundle.native)
        if "error" in told:
            sentence = str(told.get("sentence", ""))
            raise Invalid(sentence) if told["error"] == Invalid.code else Unreadable(sentence)
        pages, cover = int(told["pages"]), bool(told["cover"])
        tiff, pdf, *previews = (file.data for file in bundle.files)
    except FernamtError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable("The drawing process answered nonsense.") from error
    return Sheets(tiff=tiff, pdf=pdf, pages=pages, cover=cover, previews=tuple(previews))

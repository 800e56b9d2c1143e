"""The mailbox part of a channel: one connection for each folder, all of them or none."""

import asyncio
from collections.abc import Callable

import structlog

from connectors.email.imap_folder import FolderReader
from connectors.email.imap_session import ImapSession
from connectors.email.settings import ImapSettings
from hub.domain.errors import LinkError
from hub.ports.connector import ConnectorContext, Inlet

log = structlog.get_logger()


class Mailbox:
    """Reads the configured folders."""

    def __init__(self, settings: ImapSettings, context: ConnectorContext, max_bytes: int) -> None:
        self._settings = settings
        self._context = context
        self._max_bytes = max_bytes

    async def run(self, inlet: Inlet, ready: Callable[[str], None]) -> None:
        """Read until cancelled. Calls `ready` once every folder is open. Raises the first LinkError of any folder."""
        folders = dict.fromkeys(self._settings.folders, False)
        async with ImapSession(self._settings) as first:
            sent = await first.sent_folder() if self._settings.sent_folder == "auto" else self._settings.sent_folder
        if sent:
            folders[sent] = True
        waiting = set(folders)

        def opened(name: str) -> None:
            waiting.discard(name)
            if not waiting:
                ready(f"IMAP {self._settings.host}: {', '.join(folders)}")

        await self._read_all(folders, inlet, opened)

    async def _read_all(self, folders: dict[str, bool], inlet: Inlet, opened: Callable[[str], None]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for name, outgoing in folders.items():
                    group.create_task(
                        self._read(name, outgoing, inlet, opened), name=f"imap:{self._context.name}:{name}"
                    )
        except BaseExceptionGroup as errors:
            links, others = errors.split(LinkError)
            if links is None or others is not None:
                raise
            raise _first(links) from errors

    async def _read(self, name: str, outgoing: bool, inlet: Inlet, opened: Callable[[str], None]) -> None:
        reader = FolderReader(
            name,
            outgoing=outgoing,
            settings=self._settings,
            context=self._context,
            inlet=inlet,
            max_bytes=self._max_bytes,
        )
        async with ImapSession(self._settings) as session:
            await reader.run(session, lambda: opened(name))


def _first(errors: BaseExceptionGroup[LinkError]) -> LinkError:
    inner = errors.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner

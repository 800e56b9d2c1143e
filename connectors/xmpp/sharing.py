"""Files in chats: ours go to the server's upload service (XEP-0363) and their address into a message (XEP-0066); what
others share is fetched before the message is kept, so that it is whole, through the guard of connectors/fetch."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass

import structlog
from slixmpp import JID
from slixmpp.exceptions import IqError, IqTimeout

from connectors.fetch.download import NotFetched, fetch, put, trusted_prefix
from connectors.xmpp.session import Session
from connectors.xmpp.settings import XmppSettings
from hub.domain.errors import PermanentFailure, TemporaryFailure, TooLarge
from hub.domain.views import FileData
from hub.ports.bundle import BundledFile

log = structlog.get_logger()
AT_ONCE = 4
FETCH_SECONDS = 20.0
SLOT_SECONDS = 10.0
MAX_FETCHED = 20 * 1024 * 1024
HEADERS = frozenset({"authorization", "cookie", "expires"})
"""The only ones that a slot may ask for (XEP-0363 §5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The server's upload service. `limit` in bytes; 0: it tells none."""

    jid: str
    limit: int = 0


class Sharing:
    """Of one session. `sender`: as whom slots are asked for ('' leaves it to the server)."""

    def __init__(
        self, session: Session, settings: XmppSettings, tls: ssl.SSLContext | None, *, room: int, sender: str = ""
    ) -> None:
        self._session, self._settings, self._tls, self._sender = session, settings, tls, sender
        self._room = min(MAX_FETCHED, room)
        """The largest file that is fetched, in bytes."""
        self._service: Service | None = None
        self._trusted: set[str] = set()
        """Where our own server keeps files: that may be inside our own network."""
        self._asking, self._asked = asyncio.Lock(), False
        self._gate = asyncio.Semaphore(AT_ONCE)

    # Ours

    async def upload(self, file: FileData) -> str:
        """The file's address. Raises TooLarge, PermanentFailure, TemporaryFailure: nothing was said yet."""
        service = await self._find()
        limit = (
            min(one for one in (service.limit, self._settings.max_file_bytes) if one)
            if service.limit
            else (self._settings.max_file_bytes)
        )
        if len(file.data) > limit:
            raise TooLarge(
                f"{file.name[:100]} has {len(file.data):,} bytes; this channel carries {limit:,}.", limit=limit
            )
        target, headers, url = await self._slot(service, file)
        try:
            status = await put(target, file.data, headers=headers, tls=self._tls)
        except NotFetched as error:
            raise TemporaryFailure(error.sentence) from error
        if status == 413:
            raise TooLarge(f"The server does not take {file.name[:100]}: it is too large.")
        if status not in (200, 201, 204):  # §6
            raise TemporaryFailure(f"The upload was answered with {status}.")
        return url

    async def _find(self) -> Service:
        """XEP-0363 §4: asked for once a session."""
        if self._service is None:
            plugin = self._session.stream.plugin["xep_0363"]
            try:
                async with asyncio.timeout(SLOT_SECONDS * 2):
                    self._service = await self._ask(plugin)
            except (IqError, IqTimeout, TimeoutError) as error:
                raise TemporaryFailure("The server does not say where files go (XEP-0363).") from error
        return self._service

    async def _ask(self, plugin: object) -> Service:
        disco = self._session.stream.plugin["xep_0030"]
        sender = JID(self._sender) if self._sender else None
        if self._settings.upload:
            info = await disco.get_info(jid=JID(self._settings.upload), ifrom=sender, timeout=SLOT_SECONDS)
        else:
            domain = JID(self._settings.domain.partition(".")[2]) if self._settings.is_component else None
            info = await plugin.find_upload_service(domain=domain, timeout=SLOT_SECONDS)  # type: ignore[attr-defined]
        if info is None:
            raise PermanentFailure("The server has no service for files (XEP-0363); set upload, or send a link.")
        limit = 0
        for form in info["disco_info"].iterables:
            values = form["values"]
            if values.get("FORM_TYPE") in ("urn:xmpp:http:upload:0", ["urn:xmpp:http:upload:0"]):
                told = str(values.get("max-file-size", "0"))
                limit = int(told) if told.isdigit() else 0
        return Service(jid=str(info["from"]), limit=limit)

    async def _slot(self, service: Service, file: FileData) -> tuple[str, dict[str, str], str]:
        plugin = self._session.stream.plugin["xep_0363"]
        try:
            answer = await plugin.request_slot(
                JID(service.jid),
                file.name[:200] or "file",
                len(file.data),
                file.type,
                ifrom=JID(self._sender) if self._sender else None,
                timeout=SLOT_SECONDS,
            )
        except IqTimeout as error:
            raise TemporaryFailure("The upload service does not answer.") from error
        except IqError as error:
            # §5: file-too-large is a not-acceptable; a quota or the rate is resource-constraint, to be tried again.
            if error.condition == "not-acceptable":
                raise TooLarge(f"The server does not take {file.name[:100]}: {error.text or 'too large'}.") from error
            if error.condition in ("resource-constraint", "remote-server-timeout", "internal-server-error"):
                raise TemporaryFailure(f"The upload service refuses for now ({error.condition}).") from error
            raise PermanentFailure(f"The upload service refuses ({error.condition}).") from error
        slot = answer["http_upload_slot"]
        url = str(slot["get"]["url"])
        self._trusted.add(trusted_prefix(url))
        headers = {
            str(one["name"]): str(one["value"]).replace("\r", "").replace("\n", "")
            for one in slot["put"]["headers"]
            if str(one["name"]).lower() in HEADERS
        }
        return str(slot["put"]["url"]), headers | {"Content-Type": file.type or "application/octet-stream"}, url

    # Theirs

    async def fetch_all(self, links: list[str]) -> list[BundledFile]:
        """What can be had of them, in order; what cannot stays an address in the text. Never raises."""
        found, room = [], self._room
        for link in links:
            file = await self._fetch(link, room)
            if file is not None:
                found.append(file)
                room -= len(file.data)
        return found

    async def _fetch(self, link: str, room: int) -> BundledFile | None:
        async with self._gate:
            try:
                await self._learn_place()
                got = await fetch(
                    link, max_bytes=room, seconds=FETCH_SECONDS, trusted=frozenset(self._trusted), tls=self._tls
                )
            except NotFetched as error:
                log.info("xmpp_file_not_fetched", reason=error.sentence)
                return None
        return BundledFile(name=got.name, type=got.type, data=got.data)

    async def _learn_place(self) -> None:
        """Where our own server keeps files is known by asking for a slot, which costs nothing until something is put
        there; once a session."""
        async with self._asking:
            if self._trusted or self._asked:
                return
            self._asked = True
            with contextlib.suppress(TemporaryFailure, PermanentFailure):
                await self._slot(await self._find(), FileData(name="probe", type="text/plain", data=b"-"))

"""One fax line: what its gateways share. Before anything leaves: the number, the hours, the guard against
faxing the same twice, and the drawing of the pages."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from connectors.fax.compose import compose_job, digest_of, wait_for_window
from connectors.fax.gateway import Fax, Gateway
from connectors.fax.rendering import Renderer
from connectors.fax.settings import FaxSettings
from connectors.fax.words import say
from hub.domain.errors import (
    Invalid,
    PermanentFailure,
    StoreUnavailable,
    TemporaryFailure,
    UnknownOutcome,
    Unreachable,
    Unreadable,
)
from hub.domain.outbox import WANTED_AGAIN, OutgoingContent
from hub.domain.views import FileData
from hub.ports.connector import (
    ConnectorContext,
    HttpAnswer,
    HttpRequest,
    Inlet,
    LinkState,
    PagePreview,
    Parcel,
    ProbeStep,
    Receipt,
)

log = structlog.get_logger()
SENT = "sent"
REPEAT = "fax-repeat"
"""Code of an attempt that was held back because the same fax left shortly before."""
MAX_REMEMBERED = 2_000


def open_gateway(settings: FaxSettings, context: ConnectorContext) -> Gateway:
    """The gateway that the settings name; only that one's libraries are loaded."""
    if settings.gateway == "telnyx":
        from connectors.fax.telnyx import TelnyxGateway

        return TelnyxGateway(settings, context)
    if settings.gateway == "mail":
        from connectors.fax.mail_gateway import MailGateway

        return MailGateway(settings, context)
    from connectors.fax.hylafax import HylafaxGateway

    return HylafaxGateway(settings, context)


class FaxConnector:
    """One configured line. Can be probed, previews pages, takes HTTP where its gateway does."""

    def __init__(
        self,
        settings: FaxSettings,
        context: ConnectorContext,
        *,
        renderer: Callable[[], Renderer] = Renderer,
    ) -> None:
        self._settings, self._context = settings, context
        self._gateway = open_gateway(settings, context)
        self._make_renderer = renderer
        self._drawing: Renderer | None = None
        self._inlet: Inlet | None = None
        self._sent: dict[str, tuple[str, str]] = {}
        """Digest of a fax: when it was handed over, and its message id."""
        self._keeping = asyncio.Lock()

    @property
    def _renderer(self) -> Renderer:
        if self._drawing is None:
            self._drawing = self._make_renderer()
        return self._drawing

    async def run(self, inlet: Inlet) -> None:
        """One session. See Connector.run."""
        inlet.report(LinkState.CONNECTING)
        try:
            saved = json.loads(await inlet.load_cursor(SENT) or b"{}")
        except StoreUnavailable as error:
            raise Unreachable("The store did not tell what was faxed last; tried again.") from error
        self._sent = {digest: (at, message_id) for digest, (at, message_id) in saved.items()}
        self._inlet = inlet
        try:
            await self._gateway.run(inlet, lambda detail: inlet.report(LinkState.UP, detail))
        finally:
            self._inlet = None

    # Sending

    async def send(self, parcel: Parcel) -> Receipt:
        """See Connector.send."""
        item, now = parcel.item, self._context.clock.now()
        number = item.recipient.normal
        if not number.startswith("+"):
            raise PermanentFailure("This sender told no fax number, so nothing can be faxed there.")
        self._check_repeat(parcel, now)
        if wait := wait_for_window(self._settings, now):
            words = say(self._settings.language, "outside-hours", hours=self._settings.hours)
            raise TemporaryFailure(words, retry_after=wait, reply="fax-hours", peer=words)
        job = compose_job(self._settings, item.content, number, parcel.files, now=now)
        try:
            sheets = await self._renderer.draw(job)
        except (Invalid, Unreadable) as error:
            words = say(self._settings.language, "cannot-draw", words=error.sentence)
            raise PermanentFailure(words, reply="fax-pages", peer=words) from error
        except OSError as error:
            raise TemporaryFailure("The drawing process cannot be started now.") from error
        fax = Fax(number=number, message_id=item.content.message_id, sheets=sheets)
        try:
            receipt = await self._gateway.send(fax)
        except UnknownOutcome:
            await self._remember(parcel, now)
            raise
        await self._remember(parcel, now)
        return receipt

    def _check_repeat(self, parcel: Parcel, now: datetime) -> None:
        """The same to the same number within the hour is an oversight more often than a wish: it fails, says so, and
        goes out when a person sends it again."""
        item = parcel.item
        asked = item.cause == WANTED_AGAIN or any(attempt.code == REPEAT for attempt in item.attempts)
        if asked or not self._settings.repeat_minutes:
            return
        at, message_id = self._sent.get(digest_of(item), ("", item.content.message_id))
        if message_id == item.content.message_id:
            return
        moment = datetime.fromisoformat(at)
        if now - moment < timedelta(minutes=self._settings.repeat_minutes):
            local = moment.astimezone(ZoneInfo(self._settings.time_zone))
            words = say(self._settings.language, "repeat", when=f"{local:%H:%M}")
            raise PermanentFailure(words, reply=REPEAT, peer=words)

    async def _remember(self, parcel: Parcel, now: datetime) -> None:
        """That it left must not fail because it cannot be noted."""
        if self._inlet is None or not self._settings.repeat_minutes:
            return
        oldest = now - timedelta(minutes=self._settings.repeat_minutes)
        async with self._keeping:
            kept = {key: told for key, told in self._sent.items() if datetime.fromisoformat(told[0]) > oldest}
            kept[digest_of(parcel.item)] = (now.isoformat(), parcel.item.content.message_id)
            self._sent = dict(list(kept.items())[-MAX_REMEMBERED:])
            try:
                await self._inlet.save_cursor(SENT, json.dumps(self._sent).encode("ascii"))
            except StoreUnavailable as error:
                log.warning("fax_guard_not_kept", channel=self._context.name, code=error.code)

    # Looking at it first

    async def preview(self, content: OutgoingContent, number: str, files: tuple[bytes, ...]) -> PagePreview:
        """See PreviewsPages."""
        now = self._context.clock.now()
        job = compose_job(self._settings, content, number, files, now=now, previews=5)
        sheets = await self._renderer.draw(job)
        pictures = tuple(
            FileData(name=f"page-{page}.png", type="image/png", data=data)
            for page, data in enumerate(sheets.previews, start=1)
        )
        return PagePreview(pages=sheets.pages, cover=sheets.cover, pictures=pictures)

    # Testing, HTTP

    async def probe(self) -> list[ProbeStep]:
        """See Probes."""
        try:
            async with asyncio.timeout(28):
                steps = await self._gateway.probe()
        except TimeoutError:
            fix = "Check host, port and firewall."
            return [ProbeStep(title="Connect", ok=False, detail="No answer in 28 seconds.", fix=fix)]
        if not all(step.ok for step in steps):
            return steps
        return [*steps, await self._probe_drawing()]

    async def _probe_drawing(self) -> ProbeStep:
        content = OutgoingContent(text="Test", subject="Test")
        now = self._context.clock.now()
        job = compose_job(with_cover(self._settings), content, self._settings.number, (), now=now)
        try:
            await self._renderer.draw(job)
        except (Invalid, Unreadable, OSError) as error:
            fix = "Set the hub up again (script/setup); install fonts-dejavu-core."
            return ProbeStep(title="Draw pages", ok=False, detail=str(error)[:200], fix=fix)
        return ProbeStep(title="Draw pages", ok=True)

    async def answer(self, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        """See ServesHttp."""
        return await self._gateway.answer(request, inlet)


def with_cover(settings: FaxSettings) -> FaxSettings:
    """The same with a cover sheet, so that there is something to draw."""
    return settings.model_copy(update={"cover": True})

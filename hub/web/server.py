"""The web layer's entry: `make_site` builds the application, `WebServer` serves it."""

import errno
from collections.abc import Awaitable, Callable

from aiohttp import web

from hub.domain.errors import FernamtError
from hub.ports.bot import StaffDoor
from hub.ports.clock import Clock
from hub.ports.events import Events
from hub.ports.verbs import Verbs
from hub.web import status
from hub.web.api.routes import API_ROUTES
from hub.web.assets import Assets
from hub.web.console.routes import CONSOLE_ROUTES
from hub.web.guard import add_headers, check_origin, require_sign_in, tell_errors
from hub.web.limits import Limiter
from hub.web.live import STREAMS, Streams
from hub.web.pages import make_templates
from hub.web.site import SITE, Health, Site, SiteFacts

SHUTDOWN_SECONDS = 3.0
KEEPALIVE_SECONDS = 75.0


class PortInUse(FernamtError):
    """The HTTP address cannot be had."""

    code = "port-in-use"


def make_site(
    *,
    verbs: Verbs,
    events: Events,
    door: StaffDoor,
    clock: Clock,
    facts: SiteFacts,
    health: Callable[[], Awaitable[Health]],
    metrics: Callable[[], bytes],
) -> web.Application:
    """Console, API and health pages as one application. Does no I/O but reading the static files."""
    assets = Assets()
    app = web.Application(
        middlewares=[tell_errors, check_origin, require_sign_in],
        client_max_size=facts.max_upload_bytes,
    )
    app[SITE] = Site(
        verbs=verbs,
        events=events,
        door=door,
        clock=clock,
        facts=facts,
        health=health,
        metrics=metrics,
        templates=make_templates(assets),
        assets=assets,
        failures=Limiter(clock.monotonic, burst=20, per_minute=20),
    )
    app[STREAMS] = Streams()
    app.on_shutdown.append(app[STREAMS].close)
    app.on_response_prepare.append(add_headers)
    app.router.add_get("/healthz", status.healthz)
    app.router.add_get("/readyz", status.readyz)
    app.router.add_get("/metrics", status.metrics)
    app.add_routes(CONSOLE_ROUTES)
    app.add_routes(API_ROUTES)
    return app


class WebServer:
    """Serves an application until stopped."""

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._runner = web.AppRunner(
            app,
            handle_signals=False,
            shutdown_timeout=SHUTDOWN_SECONDS,
            keepalive_timeout=KEEPALIVE_SECONDS,
            access_log=None,
            max_line_size=8190,
            max_field_size=8190,
        )

    async def start(self) -> None:
        """Listen. Raises PortInUse with a sentence that says what to do."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise PortInUse(self._explain(error), host=self._host, port=self._port) from error

    def _explain(self, error: OSError) -> str:
        what = f"The address {self._host}:{self._port} for console and API"
        if error.errno == errno.EADDRINUSE:
            return f"{what} is in use: stop what listens there, or choose another with --http HOST:PORT."
        if error.errno == errno.EACCES:
            return f"{what} needs more rights: choose a port above 1023 with --http HOST:PORT."
        return f"{what} cannot be used ({error.strerror or error}): choose another with --http HOST:PORT."

    @property
    def port(self) -> int:
        """The port that is really listened on, also where 0 was asked for."""
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the listener, end the event streams, give the other requests a moment."""
        await self._runner.cleanup()

"""structlog over the standard library: event names and fields, JSON for machines, colour-free text for people.
Libraries that print whole messages or tokens at INFO or DEBUG are held at WARNING."""

import logging
import sys
from typing import Any

import structlog

CHATTY = (
    *("apscheduler", "aioimaplib", "slixmpp", "mail.log", "asyncio", "pymongo", "aiohttp.access"),
    *("httpx", "httpcore", "telegram"),
)
HIDDEN = frozenset({"password", "token", "secret", "body", "text", "raw", "cookie", "authorization"})


def _hide(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    for key in HIDDEN & event.keys():
        event[key] = "***"
    return event


def set_up_logs(level: str, form: str) -> None:
    """Configure logging for the process. `form`: "json", "text", or "auto" (text on a terminal)."""
    as_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide,
    ]
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[*shared, structlog.processors.format_exc_info],
        )
    )
    logging.basicConfig(handlers=[handler], level=threshold, force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)

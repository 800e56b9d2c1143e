"""What a configuration asks of the running hub. Part of the composition root."""

from collections.abc import Callable

from config.load import ConfigError
from config.model import Config
from connectors.registry import KINDS
from hub.daemon import Plans
from hub.domain.errors import ConfigurationInvalid
from hub.services.supervise import ChannelPlan


def plan_channels(config: Config) -> dict[str, ChannelPlan]:
    """The channels as the supervisor wants them."""
    return {
        name: ChannelPlan(name=name, kind=KINDS[table.kind], settings=table.settings)
        for name, table in config.channels.items()
    }


def read_plans(running: Config, reload: Callable[[], Config]) -> Plans:
    """Read the file again. Raises ConfigurationInvalid where it is bad."""
    try:
        fresh = reload()
    except ConfigError as error:
        raise ConfigurationInvalid(error.problems) from error
    tables = ("hub", "storage", "http", "intake", "replies", "log")
    changed = tuple(name for name in tables if getattr(fresh, name) != getattr(running, name))
    return Plans(channels=plan_channels(fresh), restart_needed=changed)


def first_listener(config: Config) -> str:
    """Where the first mail channel takes mail in by SMTP, for the banner."""
    for table in config.channels.values():
        listen = getattr(table.settings, "listen", None)
        if listen:
            return str(listen)
    return ""

"""What a configuration asks of the running hub. Part of the composition root."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from config.load import ConfigError
from config.model import Config
from connectors.registry import KINDS
from hub.daemon import Plans
from hub.domain.errors import ConfigurationInvalid
from hub.ports.proposer import Proposer
from hub.ports.store import Store
from hub.reception import CustomerBotRules
from hub.services.customers.budgets import AutomaticLimits
from hub.services.customers.proof import ProofRules
from hub.services.customers.reception import ReceptionRules
from hub.services.supervise import ChannelPlan


async def open_store(config: Config, data_dir: Path) -> Store:
    """The store that the configuration names. Raises StoreBusy, StoreUnavailable."""
    if config.storage.url is not None:
        from storage.mongodb.engine import open_mongodb

        return await open_mongodb(config.storage.url.reveal(), database=config.storage.database)
    from storage.sqlite.engine import open_sqlite

    return await open_sqlite(data_dir)


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
    tables = ("hub", "storage", "http", "intake", "replies", "log", "customer_bot", "proposer", "documents")
    changed = tuple(name for name in tables if getattr(fresh, name) != getattr(running, name))
    return Plans(channels=plan_channels(fresh), restart_needed=changed)


def customer_bot_rules(config: Config) -> CustomerBotRules:
    """What the customer bot may do."""
    table = config.customer_bot
    return CustomerBotRules(
        reception=ReceptionRules(enabled=table.enabled, acknowledge=table.acknowledge, language=config.hub.language),
        limits=AutomaticLimits(
            address=table.address_hour,
            domain=table.domain_hour,
            total=table.total_hour,
            chat_address=table.chat_address_hour,
            chat_total=table.chat_total_hour,
        ),
        proof=ProofRules(known_for=timedelta(days=table.known_days), codes_a_day=table.codes_a_day),
    )


def make_proposer(config: Config) -> Proposer | None:
    """The language model that is configured; None where none is."""
    table = config.proposer
    if not table.url:
        return None
    from connectors.proposer.openai import OpenAiProposer

    key = table.key
    return OpenAiProposer(
        url=table.url, model=table.model, key=lambda: key.reveal() if key else "", seconds=table.seconds
    )


def first_listener(config: Config) -> str:
    """Where the first mail channel takes mail in by SMTP, for the banner."""
    for table in config.channels.values():
        listen = getattr(table.settings, "listen", None)
        if listen:
            return str(listen)
    return ""

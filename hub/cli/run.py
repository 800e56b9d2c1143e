"""`run`: the daemon."""

import sys
from pathlib import Path

import click

from hub.cli.client import EXIT_CONFIGURATION, EXIT_FAILURE

CONFIG_FILE = "fernamt.toml"
"""In the data directory: used where --config names no other, and begun by the first `channel add`."""


@click.command()
@click.option("--data", "own_data", type=click.Path(path_type=Path, file_okay=False), help="Data directory.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Configuration file (TOML).")
@click.option("--http", metavar="HOST:PORT", help="Where console and API listen (default 127.0.0.1:8080).")
@click.option("--smtp", metavar="HOST:PORT", help="Where mail is taken in by SMTP (default 127.0.0.1:8025).")
@click.option("--lmtp", metavar="HOST:PORT|unix:PATH", help="Where mail is taken in by LMTP.")
@click.pass_context
def run(
    ctx: click.Context, own_data: Path | None, config: Path | None, http: str | None, smtp: str | None, lmtp: str | None
) -> None:
    """Run the hub until it is told to stop. Exit code 2: the configuration is wrong."""
    from config.load import ConfigError, load
    from config.model import Config
    from connectors.registry import KINDS
    from hub.app import run_hub
    from hub.domain.errors import FernamtError

    kinds = {name: kind.settings for name, kind in KINDS.items()}
    data: Path = own_data or ctx.find_root().obj

    file = config or data / CONFIG_FILE

    def read() -> Config:
        return load(file if config or file.exists() else None, kinds, http=http, smtp=smtp, lmtp=lmtp)

    try:
        first = read()
    except ConfigError as error:
        click.echo(f"fernamt: {config or 'the command line'} cannot be used:", err=True)
        for path, sentence in error.problems:
            click.echo(f"  {path}: {sentence}", err=True)
        sys.exit(EXIT_CONFIGURATION)
    try:
        run_hub(first, data, reload=read, file=file)
    except FernamtError as error:
        click.echo(f"fernamt: {error.sentence} [{error.code}]", err=True)
        sys.exit(EXIT_FAILURE)

"""`init`: a configuration file to start from."""

import shutil
import sys
from importlib.resources import as_file, files
from pathlib import Path

import click

from hub.cli.client import EXIT_CONFIGURATION


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default="fernamt.toml")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def init(file: Path, as_json: bool) -> None:
    """Write the annotated example to FILE (default fernamt.toml), unless it exists."""
    if file.exists():
        click.echo(f"fernamt: {file} exists already and was left alone.", err=True)
        sys.exit(EXIT_CONFIGURATION)
    with as_file(files("config") / "fernamt.example.toml") as example:
        shutil.copyfile(example, file)
    file.chmod(0o600)
    click.echo(f'{{"file": "{file}"}}' if as_json else f"Wrote {file}. Edit it, then: fernamt run --config {file}")

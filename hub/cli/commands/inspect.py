"""`inspect`: how a message would be understood. Needs no running hub."""

import json
from typing import BinaryIO

import click

MAX_BYTES = 209_715_200


@click.group()
def inspect() -> None:
    """How a message would be understood; needs no hub."""


@inspect.command()
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON (it always does).")
def email(file: BinaryIO, as_json: bool) -> None:
    """One JSON object about the mail in FILE ("-" for standard input)."""
    from connectors.email.inspect import inspect_email

    facts = inspect_email(file.read(MAX_BYTES))
    click.echo(json.dumps(facts, ensure_ascii=False, indent=2))

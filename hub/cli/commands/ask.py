"""`ask`: the staff bot in the terminal."""

import base64
import tempfile
from pathlib import Path
from typing import Any

import click

from hub.cli.client import Hub, client_command, show_json


@click.command()
@click.argument("question", nargs=-1, required=True)
@click.option("--as", "user", metavar="USER", help="Ask as this colleague (audited); default: admin.")
@click.option(
    "--files",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where pictures and documents of the answer are written; default: a new temporary folder.",
)
@client_command
def ask(hub: Hub, as_json: bool, question: tuple[str, ...], user: str | None, folder: Path | None) -> None:
    """Ask the bot QUESTION, in German or English."""
    body = {"text": " ".join(question)}
    if user:
        body["as"] = user
    reply = hub.post("ask", body=body)
    reply["files"] = [_written(file, folder) for file in reply.get("files", [])]
    if as_json:
        show_json(reply)
        return
    click.echo(reply["reply"])
    for file in reply["files"]:
        click.echo(file["path"])


def _written(file: dict[str, Any], folder: Path | None) -> dict[str, Any]:
    """The file on disk, under a name that no other one has; its bytes are not shown."""
    place = folder or Path(tempfile.mkdtemp(prefix="fernamt-"))
    place.mkdir(parents=True, exist_ok=True)
    # A name comes from the hub, but it must not lead out of the folder whatever it is.
    name = Path(str(file["name"])).name.lstrip(".") or "file"
    path, number = place / name, 1
    while path.exists():
        number += 1
        path = place / f"{Path(name).stem}-{number}{Path(name).suffix}"
    data = base64.b64decode(str(file["data"]))
    path.write_bytes(data)
    return {"name": file["name"], "type": file["type"], "path": str(path.resolve()), "size": len(data)}

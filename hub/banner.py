"""What a newcomer reads when the hub is up: where to go, how to sign in, how to send a first mail."""

from collections.abc import Sequence

from hub.ports.connector import LinkState


def show_banner(
    *,
    console: str,
    data: str,
    channels: Sequence[tuple[str, str, LinkState, str]],
    smtp: str,
    password: str | None,
) -> str:
    """The text. `password`: the admin's one-time password on a first start;
    `channels`: name, kind, state, detail; `smtp`: where mail is taken in, or ''."""
    lines = ["", "Fernamt is running.", "", f"  Console   {console}", f"  Data      {data}"]
    if password is not None:
        lines += [f"  Sign in   admin, one-time password {password}"]
    for name, kind, state, detail in channels:
        mark = f"up, {detail}" if state is LinkState.UP else f"{state.value.upper()}: {detail}"
        lines.append(f"  Channel   {name} ({kind}) {mark}")
    lines += ["", "Next:", *_number(_next_steps(data, smtp)), ""]
    return "\n".join(lines)


def _next_steps(data: str, smtp: str) -> list[list[str]]:
    """What to try; each step's lines."""
    flag = "" if data == "data" else f" --data {data}"
    steps = [
        [f"Ask the bot:     .venv/bin/fernamt{flag} ask who is petra"],
        [f"Fill in a demo:  .venv/bin/fernamt{flag} seed"],
    ]
    if not smtp:
        return steps
    host, _, port = smtp.rpartition(":")
    mail = [
        "Send a first mail:",
        f"swaks --server {smtp} --from petra@customer.example --to info@company.example"
        ' --header "Subject: Hello" --body "Do you have oak tables?"',
        "or, without swaks:",
        "printf 'From: petra@customer.example\\nSubject: Hello\\n\\nDo you have oak tables?\\n' |"
        f" curl -s smtp://{host}:{port} --mail-from petra@customer.example --mail-rcpt info@company.example -T -",
    ]
    return [mail, *steps]


def _number(steps: list[list[str]]) -> list[str]:
    return [
        f"  {number}. {line}" if position == 0 else f"     {line}"
        for number, step in enumerate(steps, 1)
        for position, line in enumerate(step)
    ]

"""The accepting half alone: listener, inlet and SQLite store as the hub wires them, with nobody recording.
`python -m benchmarks.accept_only PORT DIRECTORY`."""

import sys
from pathlib import Path

import uvloop

from connectors.email.kind import EMAIL
from hub.domain.message import Message
from hub.ports.clock import SystemClock
from hub.ports.connector import ConnectorContext, DeliveryUpdate, LinkState
from hub.services.inlet import AccountInlet
from storage.sqlite.engine import open_sqlite


class NoDeliveries:
    """Nothing was sent, so there is no news of it."""

    async def update(self, account: str, update: DeliveryUpdate) -> None: ...

    async def bounce(self, message: Message) -> None: ...


async def serve(port: int, directory: Path) -> None:
    store = await open_sqlite(directory)
    clock = SystemClock()
    settings = EMAIL.settings.model_validate({"listen": f"127.0.0.1:{port}"})
    context = ConnectorContext(name="mail", hostname="bench.example", clock=clock, data_dir=directory)

    def report(account: str, state: LinkState, detail: str) -> None:
        print(account, state.value, detail, flush=True)

    inlet = AccountInlet(
        "mail",
        store=store,
        door=None,
        deliveries=NoDeliveries(),  # type: ignore[arg-type]
        report=report,
        clock=clock,
        hint=lambda record, raw: None,
        max_message_bytes=context.max_message_bytes,
    )
    await EMAIL.connect(settings, context).run(inlet)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))

"""A null aiosmtpd handler: takes the mail and throws it away. `python -m benchmarks.null_smtp PORT`."""

import asyncio
import sys
from typing import Any

import uvloop
from aiosmtpd.smtp import SMTP


class Null:
    """250 to everything."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        return "250 OK"


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Null(), hostname="null.example", loop=loop), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[2] == "uvloop":
        uvloop.run(serve(int(sys.argv[1])))
    else:
        asyncio.run(serve(int(sys.argv[1])))

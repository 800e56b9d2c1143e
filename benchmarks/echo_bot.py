"""A bare slixmpp echo bot: `python -m benchmarks.echo_bot HOST PORT CA JID PASSWORD`."""

import asyncio
import ssl
import sys

from slixmpp import ClientXMPP, Message


async def serve(host: str, port: int, ca: str, jid: str, password: str) -> None:
    client = ClientXMPP(jid, password, ssl_context=ssl.create_default_context(cafile=ca))
    client.enable_direct_tls = False

    def answer(message: Message) -> None:
        if message["body"]:
            message.reply(message["body"]).send()

    client.add_event_handler("message", answer)
    client.add_event_handler("session_start", lambda _: client.send_presence())
    client.connect(host, port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    host, port, ca, jid, password = sys.argv[1:]
    asyncio.run(serve(host, int(port), ca, jid, password))

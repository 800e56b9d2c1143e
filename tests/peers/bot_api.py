"""The Bot API emulator (lo-bot-api-emulator) as a peer, and what somebody who writes to a bot looks like to it."""

import time
from pathlib import Path
from typing import Any, Self

import aiohttp

from tests.peers.process import LOOPBACK, PeerProcess, free_port, need, private_directory

ANNA = {"id": 4711, "is_bot": False, "first_name": "Anna", "last_name": "Schmidt", "username": "anna_s"}


class BotApi:
    """One server for at most 16 bots, each with a token of its own. `push` is what somebody does."""

    def __init__(self) -> None:
        program = Path(__file__).parents[2] / ".venv" / "bin" / "lo-bot-api-emulator"
        self.directory = private_directory("bot-api")
        self.port = free_port()
        self.base = f"http://{LOOPBACK}:{self.port}"
        self.journal = self.directory / "journal"
        arguments = [
            str(program) if program.exists() else need("lo-bot-api-emulator", "lo-bot-api-emulator"),
            *("--host", LOOPBACK, "--port", str(self.port), "--journal", str(self.journal)),
            *("--enable-control", "--allow-insecure-loopback-webhooks"),
        ]
        self._process = PeerProcess(arguments, output=self.directory / "output")
        self._messages = 0

    def start(self) -> Self:
        self._process.start(self.port)
        return self

    def stop(self) -> None:
        self._process.stop()

    @property
    def process(self) -> PeerProcess:
        return self._process

    async def push(self, token: str, **update: Any) -> int:
        """Let an update wait for the bot; its number."""
        answer = await self._post("/__fixture/updates", {"token": token, "update": update})
        return int(answer["result"]["update_id"])

    async def write(self, token: str, text: str = "", *, who: dict[str, Any] = ANNA, **more: Any) -> int:
        """Somebody writes to the bot."""
        return await self.push(token, message=self.message(text, who=who, **more))

    def message(self, text: str = "", *, who: dict[str, Any] = ANNA, **more: Any) -> dict[str, Any]:
        """A private message as the Bot API tells it."""
        self._messages += 1
        chat = {key: value for key, value in who.items() if key != "is_bot"} | {"type": "private"}
        body = {"message_id": 100 + self._messages, "from": who, "chat": chat, "date": int(time.time())}
        return body | ({"text": text} if text else {}) | more

    async def upload(self, token: str, name: str, data: bytes) -> str:
        """A file at the server; its id. (Sent by a bot: the emulator knows no other way.)"""
        form = aiohttp.FormData()
        form.add_field("chat_id", "4711")
        form.add_field("document", data, filename=name)
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.base}/bot{token}/sendDocument", data=form) as response,
        ):
            answer = await response.json()
        return str(answer["result"]["document"]["file_id"])

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with aiohttp.ClientSession() as session, session.post(f"{self.base}{path}", json=body) as response:
            answer: dict[str, Any] = await response.json()
            assert answer["ok"], answer
            return answer

    def journaled(self) -> str:
        """What the server was asked, one line of JSON each."""
        return self.journal.read_text("utf-8") if self.journal.exists() else ""

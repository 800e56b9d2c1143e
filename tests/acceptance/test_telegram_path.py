"""The whole hub with three bots at a Bot API server: customers' messages of every kind onto the timeline, a colleague
linked by a deep link who answers by replying to the notice, two bots with one user, and a power cut."""

import itertools
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from tests.acceptance.test_customer_path import api
from tests.hub_process import HubProcess, poll
from tests.peers.bot_api import BotApi
from tests.peers.process import LOOPBACK

SERVICE, TEAM, SALES = "71:SERVICE", "72:TEAM", "73:SALES"
SECRET = "a-secret-of-the-webhook"
ANNA, BERT, CARL, DORA = (
    {"id": 4_001 + index, "is_bot": False, "first_name": name}
    for index, name in enumerate(("Anna Eins", "Bert Zwei", "Carl Drei", "Dora Vier"))
)
KIM = {"id": 500, "is_bot": False, "first_name": "Kim"}
NUMBERS = itertools.count(5_000)


@pytest.fixture(scope="module")
def server() -> Iterator[BotApi]:
    """A server of its own: the numbers of our messages can be counted."""
    bot_api = BotApi().start()
    yield bot_api
    bot_api.stop()


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, server: BotApi) -> Iterator[HubProcess]:
    """Two bots for customers, by polling and by webhook, and one for colleagues."""
    hub = HubProcess(directory=tmp_path_factory.mktemp("telegram"))
    hub.config = f"""
[hub]
company = "Tischlerei Test"
language = "de"
[customer_bot]
enabled = false
[replies]
take_back_seconds = 0
[channels.service]
kind = "telegram"
token = "{SERVICE}"
api_base = "{server.base}"
[channels.team]
kind = "telegram"
token = "{TEAM}"
api_base = "{server.base}"
staff = true
strangers = "refuse"
[channels.sales]
kind = "telegram"
token = "{SALES}"
api_base = "{server.base}"
mode = "webhook"
webhook_url = "http://{LOOPBACK}:{hub.http_port}/in/sales/"
webhook_secret = "{SECRET}"
"""
    hub.start()
    poll(lambda: hub.ask_json("channel", "list"), lambda rows: all(row["state"] == "up" for row in rows))
    yield hub
    hub.end()


async def post_update(hub: HubProcess, secret: str = SECRET, **update: Any) -> int:
    """What Telegram would send to the webhook."""
    body = {"update_id": next(NUMBERS), **update}
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{hub.url}/in/sales/", json=body, headers=headers) as answer,
    ):
        return answer.status


def entries(hub: HubProcess, who: dict[str, Any]) -> list[dict[str, Any]]:
    """Oldest first."""
    return hub.timeline(who["first_name"])[::-1]


def sent(server: BotApi) -> int:
    """How many messages were sent, which is the number of the last one."""
    return server.journaled().count('"method":"send')


async def test_ac27_every_kind_is_on_the_timeline_with_files_names_and_history(
    company: HubProcess, server: BotApi
) -> None:
    ids = [await server.upload(SERVICE, f"{index}.bin", b"x" * (index + 1)) for index in range(8)]
    kinds: list[dict[str, Any]] = [
        {"text": "Guten Tag"},
        {"photo": [{"file_id": ids[0], "width": 9, "height": 9}], "caption": "Der Kratzer"},
        {"document": {"file_id": ids[3], "file_name": "Grundriss.pdf", "mime_type": "application/pdf"}},
        {"voice": {"file_id": ids[4], "duration": 3}},
        {"video_note": {"file_id": ids[5], "length": 240, "duration": 3}},
        {"sticker": {"file_id": ids[6], "emoji": "👍", "is_animated": False, "is_video": False}},
        {"location": {"latitude": 50.94131, "longitude": 6.95829}},
        {"contact": {"phone_number": "+492211234567", "first_name": "Jens"}},
    ]
    for kind in kinds:
        await server.write(SERVICE, who=ANNA, **kind)
    for index in (1, 2):
        photo = [{"file_id": ids[index], "width": 9, "height": 9}]
        await server.write(
            SERVICE, who=ANNA, media_group_id="8", photo=photo, **({"caption": "Zwei"} if index == 1 else {})
        )
    found = poll(lambda: entries(company, ANNA), lambda rows: len(rows) == 9)
    texts = [row["text"] for row in found]
    assert texts[:2] == ["Guten Tag", "Der Kratzer"]
    assert texts[5:] == [
        "👍",
        "📍 50.94131, 6.95829\nhttps://www.openstreetmap.org/?mlat=50.94131&mlon=6.95829#map=17",
        "👤 Jens, +492211234567",
        "Zwei",
    ]
    names = [[file["name"] for file in row["attachments"]] for row in found]
    assert names[2] == ["Grundriss.pdf"]
    assert len(names[8]) == 2
    assert [len(one) for one in names[1:6]] == [1, 1, 1, 1, 1]


async def test_ac27_edits_deletions_and_reactions_keep_the_history(company: HubProcess, server: BotApi) -> None:
    message = server.message("12 Stühle", who=BERT)
    edit = message | {"text": "14 Stühle", "edit_date": message["date"] + 5}
    about = {"chat": message["chat"], "date": message["date"]}
    emoji = [{"type": "emoji", "emoji": "❤"}]
    reaction = about | {"message_id": message["message_id"], "user": BERT, "old_reaction": [], "new_reaction": emoji}
    deletion = about | {"business_connection_id": "b", "message_ids": [message["message_id"]]}
    assert await post_update(company, message=message) == 200
    assert await post_update(company, edited_message=edit) == 200
    assert await post_update(company, message_reaction=reaction) == 200
    assert await post_update(company, deleted_business_messages=deletion) == 200
    found = poll(lambda: entries(company, BERT), lambda rows: len(rows) == 4)
    assert [row["text"] for row in found] == ["12 Stühle", "14 Stühle", "❤", "✗"]
    assert [set(row["marks"]) & {"correction", "reaction", "retraction"} for row in found] == [
        set(),
        {"correction"},
        {"reaction"},
        {"retraction"},
    ]
    assert await post_update(company, secret="guessed", message=message) == 401
    assert len(entries(company, BERT)) == 4


async def test_ac28_two_bots_two_threads_and_a_colleague_answers_by_replying(
    company: HubProcess, server: BotApi
) -> None:
    company.ask_json("user", "add", "kim", "--role", "agent", "--language", "de")
    code = api(company, "POST", "/users/kim/link-code")["code"]
    before = sent(server)
    await server.write(TEAM, f"/start link_{code}", who=KIM)
    poll(lambda: sent(server), lambda count: count == before + 1)
    await server.write(SERVICE, "Wann kommt der Tisch?", who=CARL)
    number = poll(lambda: sent(server), lambda count: count == before + 2)
    # The last message that was sent is the notice; Kim swipes on it.
    notice = {"message_id": number, "from": {"id": 72, "is_bot": True, "first_name": "Fixture"}, "date": 1}
    notice |= {"chat": {"id": 500, "type": "private"}}
    await server.write(TEAM, "Am Freitag um neun.", who=KIM, reply_to_message=notice)
    found = poll(lambda: entries(company, CARL), lambda rows: len(rows) == 2 and rows[1].get("delivery") == "sent")
    assert found[1]["text"] == "Am Freitag um neun."
    assert found[1]["author"].casefold() == "kim"
    # The receipt to Kim and the answer to Carl left one after the other, whichever was first.
    for later in (1, 2):
        ours = server.message(who=CARL) | {"message_id": number + later}
        await server.write(SERVICE, "Danke!", who=CARL, reply_to_message=ours)
    assert await post_update(company, message=server.message("Und noch etwas", who=CARL)) == 200
    found = poll(lambda: entries(company, CARL), lambda rows: len(rows) == 5)
    # What the other bot was posted may come in before what this one fetches.
    thanks = [row["caused_by"] for row in found if row["text"] == "Danke!"]
    assert sorted(thanks, key=str) == sorted([found[1]["id"], None], key=str)
    threads = {row["conversation_id"] for row in found if row["direction"] == "in"}
    assert len(threads) == 2


async def test_a_power_cut_neither_loses_nor_repeats(company: HubProcess, server: BotApi) -> None:
    for number in range(20):
        await server.write(SERVICE, f"Nachricht {number}", who=DORA)
        if number == 10:
            company.kill()
    company.start()
    found = poll(lambda: entries(company, DORA), lambda rows: len(rows) >= 20, 40)
    assert [row["text"] for row in found] == [f"Nachricht {number}" for number in range(20)]

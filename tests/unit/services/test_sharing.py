"""Files behind links: fetched by whoever has the link, while it lasts; what a channel cannot carry becomes one."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from hub.domain.errors import NotFound
from hub.domain.ids import ContactId
from hub.domain.views import FileData
from hub.ports.kinds import SHARES
from hub.services.enclosures import Enclosures
from hub.services.sharing import MAX_LOG, Sharing
from tests.fake_connector import CHAT_ACCOUNT, MAIL_ACCOUNT
from tests.office import Office

CONTACT = ContactId("c_aaaaaaaaaaaaaaaaaaaaaaaaaa")
PLAN = FileData(name="Plan für Küche.pdf", type="application/pdf", data=b"%PDF-1.7" + b"x" * 2_000_000)


class Shop:
    """A hub with something to share."""

    def __init__(self, office: Office) -> None:
        self.office, self.store, self.clock = office, office.store, office.clock
        self.sharing: Sharing = office.ground().sharing
        self.enclosures = Enclosures(self.store.blobs, self.sharing)

    async def publish(self, key: str = "k", **more: object) -> str:
        sha256 = await self.store.blobs.put(PLAN.data)
        address, _ = await self.sharing.publish(
            name=PLAN.name,
            type=PLAN.type,
            size=len(PLAN.data),
            sha256=sha256,
            key=key,
            **more,  # type: ignore[arg-type]
        )
        return address.rpartition("/")[2]

    async def read(self, token: str) -> bytes:
        shared = await self.sharing.fetch(token, "192.0.2.1")
        return b"".join([piece async for piece in shared.pieces])


@pytest.fixture
async def shop() -> Shop:
    return Shop(await Office.open())


async def test_whoever_has_the_link_gets_the_file_and_it_is_logged(shop: Shop) -> None:
    token = await shop.publish()
    assert await shop.read(token) == PLAN.data
    [share] = shop.store.documents(SHARES).rows.values()
    assert (share.downloads, share.log[0].client) == (1, "192.0.2.1")
    assert token not in repr(share)
    assert "sharing.fetch" in [verb for _, verb, _, _ in shop.office.audited()]


async def test_the_same_key_is_the_same_link(shop: Shop) -> None:
    assert await shop.publish() == await shop.publish()
    assert await shop.publish("other") != await shop.publish()
    assert len(shop.store.documents(SHARES).rows) == 2


async def test_a_link_ends_by_time_by_use_and_by_hand(shop: Shop) -> None:
    once = await shop.publish("once", limit=1)
    await shop.read(once)
    token, later = await shop.publish("a"), await shop.publish("b")
    await shop.sharing.revoke(next(id for id, one in shop.store.documents(SHARES).rows.items() if one.limit == 0))
    shop.clock.advance(timedelta(days=31).total_seconds())
    for ended in (once, token, later, "a" * 40):
        with pytest.raises(NotFound):
            await shop.read(ended)


async def test_the_log_is_bounded(shop: Shop) -> None:
    token = await shop.publish()
    for _ in range(MAX_LOG + 5):
        await shop.read(token)
    [share] = shop.store.documents(SHARES).rows.values()
    assert (share.downloads, len(share.log)) == (MAX_LOG + 5, MAX_LOG)


async def test_ac29_a_file_over_the_channels_limit_becomes_a_link_and_says_so(shop: Shop) -> None:
    small = FileData(name="a.txt", type="text/plain", data=b"hello")
    chat = replace(CHAT_ACCOUNT, max_file_bytes=1_000_000)
    for language, word in (("de", "zu groß"), ("en", "too large")):
        enclosed = await shop.enclosures.enclose(
            chat, "Hier:", [small, PLAN], contact_id=CONTACT, entry_id=f"i_{language}", language=language
        )
        assert [file.name for file in enclosed.attachments] == ["a.txt"]
        assert word in enclosed.text
        assert PLAN.name in enclosed.text
        token = enclosed.text.rpartition("/f/")[2].strip()
        assert await shop.read(token) == PLAN.data
        again = await shop.enclosures.enclose(
            chat, "Hier:", [small, PLAN], contact_id=CONTACT, entry_id=f"i_{language}", language=language
        )
        assert again == enclosed


async def test_a_channel_without_files_gets_links_only(shop: Shop) -> None:
    enclosed = await shop.enclosures.enclose(
        CHAT_ACCOUNT, "", [PLAN], contact_id=CONTACT, entry_id="i_x", language="en"
    )
    assert enclosed.attachments == ()
    assert "https://hub.example/f/" in enclosed.text
    mail = replace(MAIL_ACCOUNT, max_file_bytes=20_000_000)
    carried = await shop.enclosures.enclose(mail, "x", [PLAN], contact_id=CONTACT, entry_id="i_y", language="en")
    assert (carried.text, len(carried.attachments)) == ("x", 1)


@pytest.fixture
async def visitor(shop: Shop) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    from hub.services.rows import Rows
    from hub.services.scoped import scope_rows
    from hub.web.server import make_site
    from hub.web.shares import open_shares
    from hub.web.site import Health, SiteFacts
    from tests.architecture.test_rights import bundle

    async def healthy() -> Health:
        return Health(alive=True, ready=True, problems=())

    _, verbs = await bundle()
    site = make_site(
        verbs=scope_rows(verbs, Rows(shop.store, shop.office.staff)),
        events=shop.office.events,
        door=None,  # type: ignore[arg-type]
        clock=shop.clock,
        facts=SiteFacts(version="1", company="Tischlerei Nord", base_url="", language="de", time_zone="Europe/Berlin"),
        health=healthy,
        metrics=lambda: b"",
    )
    open_shares(site, shop.sharing)
    async with TestClient(TestServer(site)) as client:
        yield client


async def test_a_browser_saves_the_file_and_never_runs_it(
    shop: Shop, visitor: TestClient[web.Request, web.Application]
) -> None:
    response = await visitor.get(f"/f/{await shop.publish()}")
    assert response.status == 200
    assert await response.read() == PLAN.data
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Robots-Tag"] == "noindex"


async def test_guessing_links_is_slowed_down(visitor: TestClient[web.Request, web.Application]) -> None:
    statuses = [(await visitor.get(f"/f/{'a' * 40}", allow_redirects=False)).status for _ in range(25)]
    assert statuses[0] == 404
    assert statuses[-1] == 429

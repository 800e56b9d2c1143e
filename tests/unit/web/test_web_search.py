"""Search through the API, and the search page of the console."""

import html
import re

import pytest

from hub.domain.errors import StoreUnavailable
from hub.domain.finding import Hit
from hub.domain.ids import ContactId
from hub.web.console.finding import pieces, place_of
from tests.fake_company import contact_id
from tests.fake_verbs import START

PETRA = contact_id("Petra Müller")


async def test_an_item_says_what_it_is_and_where_the_words_stand(api):
    status, body, _ = await api.call("GET", "/search?q=angebot&limit=2")
    assert (status, set(body)) == (200, {"items", "next", "did_you_mean", "rebuilding"})
    assert (body["did_you_mean"], body["rebuilding"]) == (None, None)
    assert {"kind", "id", "title", "at", "snippet", "highlights", "contact_id"} <= set(body["items"][0])
    assert body["items"][0]["kind"] == "message"
    more = (await api.call("GET", f"/search?q=angebot&limit=2&after={body['next']}"))[1]
    assert not {item["id"] for item in body["items"]} & {item["id"] for item in more["items"]}


async def test_people_come_first(api):
    items = (await api.call("GET", "/search?q=petra"))[1]["items"]
    assert (items[0]["kind"], items[0]["id"]) == ("contact", PETRA)


async def test_filters_are_passed_on(api):
    for name, kinds in (("contact", {"contact"}), ("note", {"note"}), ("note,message", {"note", "message"})):
        items = (await api.call("GET", f"/search?q=e&kind={name}"))[1]["items"]
        assert {item["kind"] for item in items} <= kinds
    items = (await api.call("GET", "/search?q=angebot&contact=Petra%20M%C3%BCller"))[1]["items"]
    assert items
    assert {item["contact_id"] for item in items} == {PETRA}
    assert (await api.call("GET", "/search?q=angebot&since=2099-01-01"))[1]["items"] == []
    day = max(item["at"] for item in items)[:10]
    assert (await api.call("GET", f"/search?q=angebot&until={day}"))[1]["items"]
    assert (await api.call("GET", "/search?q=angebot&until=2001-01-01"))[1]["items"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [("since=yesterday", 400), ("until=9999-12-31", 400), ("contact=Zacharias", 404), ("contact=M%C3%BCller", 409)],
)
async def test_what_cannot_be_asked_is_said(api, query, status):
    assert (await api.call("GET", f"/search?q=angebot&{query}"))[0] == status


async def test_what_was_meant_is_said_where_nothing_is_found(api, anna):
    assert (await api.call("GET", "/search?q=M%C3%BClllerr"))[1]["did_you_mean"] == "Müller"
    assert (await api.call("GET", "/search?q=zebra"))[1]["did_you_mean"] is None
    text = await (await anna.get("/search?q=M%C3%BClllerr")).text()
    assert 'href="/search?q=M%C3%BCller"' in text
    assert "Meintest du" in text


async def test_a_rebuild_of_the_index_is_said(api, anna, verbs):
    verbs.state.rebuilding = 34
    assert (await api.call("GET", "/search?q=angebot"))[1]["rebuilding"] == 34
    assert "34 %: Bis er fertig ist" in await (await anna.get("/search?q=angebot")).text()
    assert (await api.call("GET", "/status"))[1]["rebuilding"] == 34
    verbs.state.rebuilding = None
    assert "Bis er fertig ist" not in await (await anna.get("/search?q=angebot")).text()


async def test_the_quick_box_marks_what_was_typed(anna):
    text = await (await anna.get("/find?q=petra")).text()
    assert f'href="/contacts/{PETRA}"' in text
    assert 'href="/search?q=petra"' in text


async def test_the_index_is_filled_in_steps(api):
    status, body, _ = await api.call("POST", "/search/rebuild", {"after": ""})
    assert (status, body) == (200, {"done": 500, "next": "entries:i_1"})
    assert (await api.call("POST", "/search/rebuild", {"after": body["next"]}))[1] == {"done": 0, "next": None}


async def test_the_page_marks_the_words_and_escapes_the_rest(anna, verbs):
    entry = next(e for e in verbs.state.entries.values() if "Angebot" in e.text)
    object.__setattr__(entry, "text", "<script>alert(1)</script> Angebot")
    text = await (await anna.get("/search?q=angebot")).text()
    assert "<mark>Angebot</mark>" in text
    assert "<script>alert(1)" not in text


async def test_the_page_filters_by_links_and_says_when_nothing_fits(anna):
    text = await (await anna.get("/search?q=angebot")).text()
    links = [html.unescape(link) for link in re.findall(r'href="(/search\?[^"]+)"', text)]
    assert "/search?q=angebot&kind=invoice" in links
    narrowed = await (await anna.get("/search?q=angebot&kind=fax&since=2026-11-01")).text()
    assert 'href="/search?q=angebot"' in narrowed
    assert 'value="2026-11-01"' in narrowed
    assert 'name="text" value="zebra"' in await (await anna.get("/search?q=zebra")).text()
    wrong = await anna.get("/search?q=angebot&since=soon")
    assert wrong.status == 400


async def test_a_store_that_is_down_is_an_error(api, verbs):
    verbs.fail["search.find"] = StoreUnavailable("down")
    assert (await api.call("GET", "/search?q=angebot"))[0] == 503


def test_each_kind_leads_somewhere():
    def hit(kind, id, **more):
        return Hit(kind=kind, id=id, title="", at=START, contact_id=ContactId("c_1"), **more)

    assert place_of(hit("contact", "c_1")) == "/contacts/c_1"
    assert place_of(hit("note", "i_1")) == "/contacts/c_1#i_1"
    assert place_of(hit("message", "i_1", conversation_id="v_1")) == "/conversations/v_1#i_1"
    assert place_of(hit("appointment", "p_1")) == "/calendar?day=2026-11-23"
    assert place_of(hit("order", "c_1/receivable/00000001")) == "/contacts/c_1/account"
    assert place_of(hit("document", "d_1")) == "/documents/d_1"
    assert place_of(hit("event", "n_1")) == "/occasions/n_1"
    assert place_of(hit("thing", "z_1")) == "/contacts/c_1"


def test_a_text_is_cut_at_its_highlights():
    assert pieces("ab cd", ((0, 2), (3, 5))) == [("ab", True), (" ", False), ("cd", True)]
    assert pieces("", ()) == []

"""The chat with the staff bot, as a page and in the quick box."""

from aiohttp import web

from hub.domain.errors import NotFound
from hub.domain.ids import random_id
from hub.web.console.forms import read_form
from hub.web.downloads import as_download
from hub.web.memory import ChatLine
from hub.web.pages import page, redirect
from hub.web.site import actor_of, site_of

MAX_QUESTION = 8_000


async def show_chat(request: web.Request) -> web.Response:
    """GET /assistant."""
    lines = site_of(request).chats.lines(actor_of(request).id)
    return await page(request, "assistant.html", {"lines": lines, "question": ""}, section="assistant")


async def ask(request: web.Request) -> web.Response:
    """POST /assistant: the whole page again, or with `part=line` the new line alone."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    text = form["text"][:MAX_QUESTION]
    if not text:
        return redirect("/assistant")
    known = site.nonces.seen(actor.id, form["nonce"])
    line = next((line for line in site.chats.lines(actor.id) if line.id == known), None)
    if line is None:
        reply = await site.door.ask(actor, text)
        line = ChatLine(id=random_id("line"), at=site.clock.now(), question=text, reply=reply)
        site.chats.add(actor.id, line)
        site.nonces.remember(actor.id, form["nonce"], line.id)
    if form["part"] == "line":
        return await page(request, "parts/answer.html", {"line": line})
    return redirect(f"/assistant#{line.id}")


async def show_file(request: web.Request) -> web.Response:
    """GET /assistant/{line}/files/{index}: a file of an answer in one's own chat, while the page has it."""
    site, wanted = site_of(request), request.match_info["line"]
    line = next((line for line in site.chats.lines(actor_of(request).id) if line.id == wanted), None)
    index = int(request.match_info["index"])
    if line is None or index >= len(line.reply.files):
        raise NotFound("This file is not there any more; ask again.")
    return as_download(line.reply.files[index], inline=True)

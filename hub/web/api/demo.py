"""POST /seed: fill in the demo company, with progress as JSON lines."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from aiohttp import web
from pydantic import Field

from hub.domain.errors import FernamtError
from hub.domain.people import Actor
from hub.web.api.requests import Body, read_body
from hub.web.site import actor_of


class Step(Protocol):
    """How far planting is."""

    @property
    def contacts(self) -> int: ...

    @property
    def interactions(self) -> int: ...


Plant = Callable[[Actor, int, int], AsyncIterator[Step]]
PLANT: web.AppKey[Plant] = web.AppKey("plant", Plant)  # type: ignore[arg-type]


class SeedBody(Body):
    """How large the company is to be."""

    contacts: int = Field(default=200, ge=1, le=10_000_000)
    interactions: int = Field(default=5000, ge=0, le=50_000_000)


async def seed(request: web.Request) -> web.StreamResponse:
    """One line a batch: `{"contacts": n, "interactions": m}`; the last holds `"done": true`, or `"error"`."""
    body = await read_body(request, SeedBody)
    steps = request.app[PLANT](actor_of(request), body.contacts, body.interactions)
    first = await anext(steps, None)  # a refusal is raised before the answer begins
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    last = {"contacts": 0, "interactions": 0}
    try:
        while first is not None:
            last = {"contacts": first.contacts, "interactions": first.interactions}
            await response.write(json.dumps(last).encode() + b"\n")
            first = await anext(steps, None)
        end: dict[str, object] = {**last, "done": True}
    except FernamtError as error:
        end = {**last, "error": error.sentence, "code": error.code}
    await response.write(json.dumps(end).encode() + b"\n")
    await response.write_eof()
    return response

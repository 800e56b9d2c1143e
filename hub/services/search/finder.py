"""Finding: people first, then what holds every word, newest first."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from hub.domain.contact import Contact
from hub.domain.errors import Invalid, NotFound
from hub.domain.finding import KINDS, Hit, IndexState, Material, Rebuilt
from hub.domain.folding import fold
from hub.domain.ids import ContactId
from hub.domain.people import Actor, Right
from hub.domain.views import ContactMatch
from hub.ports.kinds import CONTACTS
from hub.ports.search import Terms
from hub.ports.store import Page, Store
from hub.services.audit import Audit
from hub.services.keyset import check_limit
from hub.services.matching import EVERY_WORD, alike
from hub.services.merged import find_survivor
from hub.services.rows import Rows, sees_everything
from hub.services.search.facets import CONTACTS as ALL_CONTACTS
from hub.services.search.facets import channel_facet, contact_facet, kind_facet, owner_scope, scopes_of
from hub.services.search.filling import Filling
from hub.services.search.meaning import Meaning
from hub.services.search.people import read_number
from hub.services.search.resolving import Resolvers
from hub.services.search.snippets import Wanted, cut_snippet, highlight
from hub.services.search.upkeep import IndexUpkeep

MAX_WORDS = 200
PEOPLE = 6
ALIKE = 75
"""How alike a word with typing errors must be to one of the name."""
NAMED = {"document": "d_", "event": "n_"}
"""Kinds that are found by name with typing errors too, and how their ids begin."""
MOST_NAMED, LOOKED_AT = 10, 100
Facets = Sequence[tuple[str, ...]]
FindPeople = Callable[[Actor, str, int], Awaitable[list[ContactMatch]]]


class Finder:
    """Implements hub.ports.search_verbs.SearchVerbs. `people`: the verb that finds contacts by name."""

    def __init__(
        self,
        *,
        store: Store,
        audit: Audit,
        terms: Terms,
        people: FindPeople,
        rows: Rows,
        filling: Filling,
        upkeep: IndexUpkeep,
    ) -> None:
        self._search, self._contacts = store.search, store.documents(CONTACTS)
        self._audit, self._terms, self._people, self._rows = audit, terms, people, rows
        self._filling, self._upkeep = filling, upkeep
        self.resolvers = Resolvers(store)
        self._meaning = Meaning(store, rows, self.resolvers)

    async def find(
        self,
        actor: Actor,
        words: str,
        *,
        kinds: Sequence[str] = (),
        channel: str = "",
        contact_id: ContactId | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int = 20,
    ) -> Page[Hit]:
        """See SearchVerbs."""
        self._audit.permit(actor, Right.READ_CONTACTS, "search.find")
        check_limit(limit)
        words = words.strip()[:MAX_WORDS]
        _check_kinds(kinds)
        terms = self._terms_of(words)
        wanted = Wanted(terms, self._terms)
        timeless = not (channel or since or until)
        people = timeless and (not kinds or "contact" in kinds)
        about = await self._about(contact_id)
        if set(kinds) == {"contact"}:
            page = await self._all_people(actor, words, about, after, limit) if people else Page([], None)
            await self._audit.seen(actor, "search.find")
            return page
        first, found = await asyncio.gather(
            self._first_people(actor, words, about if people and not after else None),
            self._search.find(
                terms,
                scope=scopes_of(actor),
                facets=[*_narrowed(kinds, channel), *about],
                since=since,
                until=until,
                after=after,
                limit=limit,
            ),
        )
        hits = [*first, *await self._hits(found.ids, wanted)]
        if not found.ids and not after and timeless and not about:
            hits += await self._named_alike(words, kinds, wanted)
        await self._audit.seen(actor, "search.find")
        return Page(hits, found.next)

    async def meant(self, actor: Actor, words: str) -> str:
        """See SearchVerbs."""
        self._audit.permit(actor, Right.READ_CONTACTS, "search.meant")
        proposal = await self._meaning.propose(actor, words.strip()[:MAX_WORDS])
        if proposal:
            hits = (await self.find(actor, proposal, limit=LOOKED_AT)).items
            seen = await self._rows.visible(actor, [hit.contact_id for hit in hits])
            if not any(hit.contact_id is None or hit.contact_id in seen for hit in hits):
                proposal = ""
        await self._audit.seen(actor, "search.meant")
        return proposal

    async def state(self, actor: Actor) -> IndexState:
        """See SearchVerbs."""
        self._audit.permit(actor, Right.READ_CONTACTS, "search.state")
        await self._audit.seen(actor, "search.state")
        return IndexState(rebuilding=self._upkeep.percent)

    async def rebuild(self, actor: Actor, after: str = "") -> Rebuilt:
        """See SearchVerbs."""
        self._audit.permit(actor, Right.RUN_CHANNELS, "search.rebuild")
        step = await self._filling.step(after)
        if not after:
            await self._audit.record(actor, "search.rebuild")
        return step

    def _terms_of(self, words: str) -> tuple[str, ...]:
        """A number like "R-1" has no word of two letters: it is looked for whole."""
        found: dict[str, None] = {}
        for word in words.split():
            terms = self._terms(word)
            whole = word.lower().strip(".,;:!?\"'()") if any(letter.isalnum() for letter in word) else ""
            found |= dict.fromkeys(terms or ((whole,) if len(whole) > 1 else ()))
        return tuple(found)

    async def _about(self, contact_id: ContactId | None) -> list[tuple[str, ...]]:
        if not contact_id:
            return []
        contact = await find_survivor(self._contacts, contact_id)
        if contact is None:
            raise NotFound("There is no such contact.", id=contact_id)
        return [tuple(contact_facet(one) for one in (contact.id, *contact.members))]

    # People

    async def _first_people(self, actor: Actor, words: str, about: Facets | None) -> list[Hit]:
        """By name, then by what is written on their page; at most `PEOPLE`. `about` None: nobody is asked for."""
        if about is None:
            return []
        named = [] if about else await self._find_people(actor, words)
        if len(named) >= PEOPLE:
            return named
        page = await self._written(actor, words, about, None, PEOPLE)
        return [*named, *_without(page.items, named)][:PEOPLE]

    async def _all_people(self, actor: Actor, words: str, about: Facets, after: str | None, limit: int) -> Page[Hit]:
        """Those of the name stand on the first page, and on no later one."""
        page = await self._written(actor, words, about, after, limit)
        named = await self._find_people(actor, words) if not about and (page.items or not after) else []
        return Page([*([] if after else named), *_without(page.items, named)], page.next)

    async def _written(self, actor: Actor, words: str, about: Facets, after: str | None, limit: int) -> Page[Hit]:
        """Whoever has every word on their page; whom the actor may not see is not in the index for them."""
        number = read_number(words)
        terms = (number,) if number else self._terms_of(words)
        page = await self._search.find(terms, scope=self._people_scopes(actor), facets=about, after=after, limit=limit)
        return Page(await self._hits(page.ids, Wanted(terms, self._terms)), page.next)

    def _people_scopes(self, actor: Actor) -> list[str]:
        if sees_everything(actor):
            return [ALL_CONTACTS]
        return [owner_scope(None), *(owner_scope(owner) for owner in self._rows.owners(actor))]

    async def _find_people(self, actor: Actor, words: str) -> list[Hit]:
        if not fold(words):
            return []
        wanted = Wanted(self._terms_of(words), self._terms)
        matches = await self._people(actor, words, PEOPLE)
        return [self._person(match, wanted) for match in matches if _is_meant(words, match)]

    def _person(self, match: ContactMatch, wanted: Wanted) -> Hit:
        contact = match.contact
        facts = [contact.organisation, contact.city, match.address.normal if match.address else ""]
        snippet = ", ".join(fact for fact in facts if fact and fact != contact.name)
        return Hit(
            kind="contact",
            id=contact.id,
            title=contact.name,
            at=contact.created_at,
            snippet=snippet,
            highlights=highlight(snippet, wanted),
            title_highlights=highlight(contact.name, wanted),
            contact_id=contact.id,
            contact_name=contact.name,
        )

    # Everything else

    async def _named_alike(self, words: str, kinds: Sequence[str], wanted: Wanted) -> list[Hit]:
        """Documents and events by their names, typing errors allowed."""
        prefixes = [prefix for kind, prefix in NAMED.items() if not kinds or kind in kinds]
        found = [await self._search.suggest(words, prefix=prefix, limit=MOST_NAMED) for prefix in prefixes]
        hits = await self._hits([id for ids in found for id in ids], wanted)
        return [hit for hit in hits if _fits(words, hit.title.replace("_", " "))]

    async def _hits(self, ids: Sequence[str], wanted: Wanted) -> list[Hit]:
        if not ids:
            return []
        found = await self.resolvers.resolve(ids)
        names = await self._names([one.contact_id for one in found.values() if one.contact_id])
        return [_hit(id, found[id], names, wanted) for id in ids if id in found]

    async def _names(self, ids: Sequence[ContactId]) -> dict[ContactId, str]:
        known = await self._contacts.get_many(list(dict.fromkeys(ids))) if ids else {}
        names: dict[ContactId, str] = {}
        for id, contact in known.items():
            survivor: Contact | None = contact
            if contact.merged_into is not None:
                survivor = await find_survivor(self._contacts, contact.id)
            names[ContactId(id)] = (survivor or contact).name
        return names


def _narrowed(kinds: Sequence[str], channel: str) -> list[tuple[str, ...]]:
    facets = [tuple(kind_facet(kind) for kind in kinds if kind != "contact")] if kinds else []
    return [*facets, (channel_facet(channel),)] if channel else facets


def _check_kinds(kinds: Sequence[str]) -> None:
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise Invalid(f"There is no kind {unknown[0][:40]}: {', '.join(KINDS)}.", field="kinds")


def _is_meant(words: str, match: ContactMatch) -> bool:
    """Whether each word typed is one of the name, allowing for typing errors."""
    return match.score >= EVERY_WORD or _fits(words, f"{match.contact.name} {match.contact.organisation}")


def _fits(words: str, name: str) -> bool:
    named = fold(name).split()
    return bool(named) and all(
        any(alike(word, name) >= ALIKE or name.startswith(word) for name in named) for word in fold(words).split()
    )


def _without(hits: Sequence[Hit], others: Sequence[Hit]) -> list[Hit]:
    known = {hit.id for hit in others}
    return [hit for hit in hits if hit.id not in known]


def _hit(id: str, one: Material, names: dict[ContactId, str], wanted: Wanted) -> Hit:
    snippet, spans = cut_snippet(one.text, wanted)
    return Hit(
        kind=one.kind,
        id=id,
        title=one.title,
        at=one.at,
        snippet=snippet,
        highlights=spans,
        title_highlights=highlight(one.title, wanted),
        contact_id=one.contact_id,
        contact_name=names.get(one.contact_id, "") if one.contact_id else "",
        conversation_id=one.conversation_id,
        channel=one.channel,
        amount=one.amount,
    )

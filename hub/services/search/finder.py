"""Finding: people first, then what holds every word, newest first."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from hub.domain.contact import Contact
from hub.domain.errors import Invalid, NotFound
from hub.domain.finding import KINDS, Hit, Material, Rebuilt
from hub.domain.folding import fold
from hub.domain.ids import ContactId
from hub.domain.ledger import LedgerAccount
from hub.domain.people import Actor, Right
from hub.domain.views import ContactMatch
from hub.ports.kinds import APPOINTMENTS, CONTACTS, INTERACTIONS, LEDGER_ACCOUNTS
from hub.ports.search import SearchPage, Terms
from hub.ports.store import Page, Store
from hub.services.audit import Audit
from hub.services.keyset import check_limit
from hub.services.ledger.stream import Streams
from hub.services.matching import EVERY_WORD, alike
from hub.services.merged import find_survivor
from hub.services.search.facets import channel_facet, contact_facet, entry_facets, kind_facet, scopes_of
from hub.services.search.indexing import Indexing
from hub.services.search.resolving import Resolvers
from hub.services.search.snippets import Wanted, cut_snippet, highlight

MAX_WORDS = 200
PEOPLE = 6
ALIKE = 75
"""How alike a word with typing errors must be to one of the name."""
STEP, ACCOUNTS = 500, 50
PHASES = ("entries", "appointments", "accounts")
FindPeople = Callable[[Actor, str, int], Awaitable[list[ContactMatch]]]


class Finder:
    """Implements hub.ports.search_verbs.SearchVerbs. `people`: the verb that finds contacts."""

    def __init__(self, *, store: Store, audit: Audit, terms: Terms, people: FindPeople) -> None:
        self._search, self._interactions = store.search, store.documents(INTERACTIONS)
        self._contacts, self._appointments = store.documents(CONTACTS), store.documents(APPOINTMENTS)
        self._accounts, self._streams = store.documents(LEDGER_ACCOUNTS), Streams(store)
        self._audit, self._terms, self._people = audit, terms, people
        self._indexing = Indexing(store, terms)
        self.resolvers = Resolvers(store)

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
        unfiltered = not (channel or contact_id or since or until or after)
        people = unfiltered and (not kinds or "contact" in kinds)
        hits = await self._find_people(actor, words, wanted) if people else []
        page = SearchPage([])
        if set(kinds) != {"contact"}:
            page = await self._search.find(
                terms,
                scope=scopes_of(actor),
                facets=await self._facets(kinds, channel, contact_id),
                since=since,
                until=until,
                after=after,
                limit=limit,
            )
            hits += await self._hits(page.ids, wanted)
        await self._audit.seen(actor, "search.find")
        return Page(hits, page.next)

    def _terms_of(self, words: str) -> tuple[str, ...]:
        """A number like "R-1" has no word of two letters: it is looked for whole."""
        found: dict[str, None] = {}
        for word in words.split():
            terms = self._terms(word)
            whole = word.lower().strip(".,;:!?\"'()") if any(letter.isalnum() for letter in word) else ""
            found |= dict.fromkeys(terms or ((whole,) if len(whole) > 1 else ()))
        return tuple(found)

    async def _facets(self, kinds: Sequence[str], channel: str, contact_id: ContactId | None) -> list[tuple[str, ...]]:
        facets = []
        if kinds:
            facets.append(tuple(kind_facet(kind) for kind in kinds if kind != "contact"))
        if channel:
            facets.append((channel_facet(channel),))
        if contact_id:
            contact = await find_survivor(self._contacts, contact_id)
            if contact is None:
                raise NotFound("There is no such contact.", id=contact_id)
            facets.append(tuple(contact_facet(one) for one in (contact.id, *contact.members)))
        return facets

    # People

    async def _find_people(self, actor: Actor, words: str, wanted: Wanted) -> list[Hit]:
        if not fold(words):
            return []
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

    # Filling the index

    async def rebuild(self, actor: Actor, after: str = "") -> Rebuilt:
        """See SearchVerbs."""
        self._audit.permit(actor, Right.RUN_CHANNELS, "search.rebuild")
        phase, _, last = (after or "entries:").partition(":")
        if phase not in PHASES:
            raise Invalid("This is no place of the search index; begin anew without one.", field="after")
        if not after:
            await self._audit.record(actor, "search.rebuild")
        done, last_id = await {
            "entries": self._fill_entries,
            "appointments": self._fill_appointments,
            "accounts": self._fill_accounts,
        }[phase](last)
        if last_id:
            return Rebuilt(done=done, next=f"{phase}:{last_id}")
        later = PHASES[PHASES.index(phase) + 1 :]
        return Rebuilt(done=done, next=f"{later[0]}:" if later else None)

    async def _fill_entries(self, after: str) -> tuple[int, str]:
        """What was indexed keeps its terms (files were read for them); only filters are added."""
        entries = await self._search.scan(after, STEP)
        known = await self._interactions.get_many([one.id for one in entries if one.id.startswith("i_")])
        filled = [replace(one, facets=entry_facets(known[one.id])) for one in entries if one.id in known]
        await self._search.put_many(filled)
        return len(entries), entries[-1].id if entries else ""

    async def _fill_appointments(self, after: str) -> tuple[int, str]:
        found = await self._appointments.scan(after, STEP)
        await self._indexing.put_appointments(found)
        return len(found), found[-1].id if found else ""

    async def _fill_accounts(self, after: str) -> tuple[int, str]:
        found: list[LedgerAccount] = await self._accounts.scan(after, ACCOUNTS)
        for line in found:
            account = await self._streams.load(line.contact_id, line.side)
            await self._indexing.put_bookings(list(account.entries.values()))
        return len(found), found[-1].id if found else ""


def _check_kinds(kinds: Sequence[str]) -> None:
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise Invalid(f"There is no kind {unknown[0][:40]}: {', '.join(KINDS)}.", field="kinds")


def _is_meant(words: str, match: ContactMatch) -> bool:
    """Whether each word typed is one of the name, allowing for typing errors."""
    if match.score >= EVERY_WORD:
        return True
    named = fold(f"{match.contact.name} {match.contact.organisation}").split()
    return all(
        any(alike(word, name) >= ALIKE or name.startswith(word) for name in named) for word in fold(words).split()
    )


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

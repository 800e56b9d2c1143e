"""One account's stream in the store. Appending is an insert under the next number: whoever loses the race reads what
the winner booked and decides anew. The fold is cached by account; a cached one is only ever continued, because what was
booked never changes."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date

from hub.domain.errors import StoreUnavailable
from hub.domain.ids import ContactId
from hub.domain.ledger import LedgerAccount, LedgerEntry, Side
from hub.ports.kinds import LEDGER, LEDGER_ACCOUNTS
from hub.ports.store import Exists, Store
from hub.services.ledger.fold import Account, account_id

CACHED = 2_000
TRIES = 200
FAR = "9999-12-31"
Index = Callable[[Sequence[LedgerEntry], int], Awaitable[None]]
"""Makes the entries of one account findable, those behind that number. Repeatable."""


class Streams:
    """All accounts. `index`: told of new entries whenever an account is summarised, so that what a crash left out is
    made up for by `repair`."""

    def __init__(self, store: Store, index: Index | None = None) -> None:
        self._index = index
        self._entries = store.documents(LEDGER)
        self._accounts = store.documents(LEDGER_ACCOUNTS)
        self._cache: OrderedDict[str, Account] = OrderedDict()

    async def load(self, contact_id: ContactId, side: Side) -> Account:
        """The account with everything that is booked by now. Not to be changed by the caller."""
        key = account_id(contact_id, side)
        account = self._cache.get(key)
        if account is None:
            account = self._cache[key] = Account()
        self._cache.move_to_end(key)
        while len(self._cache) > CACHED:
            self._cache.popitem(last=False)
        while True:
            page = await self._entries.page("by_account", key, since=account.seq + 1, limit=1_000)
            for entry in page.items:
                # Two readers at once continue the same fold: each entry counts once.
                if entry.seq == account.seq + 1:
                    account.apply(entry)
            if page.next is None:
                return account

    async def append(
        self,
        contact_id: ContactId,
        side: Side,
        decide: Callable[[Account], LedgerEntry],
        *,
        summarised: bool = True,
    ) -> LedgerEntry:
        """Book what `decide` makes of the account as it stands; asked again where somebody else was quicker. `decide`
        returns an entry of the account where there is nothing to book. Raises what `decide` raises. Who appends several
        calls `summarise` once after the last (`summarised` False)."""
        for _ in range(TRIES):
            account = await self.load(contact_id, side)
            entry = decide(account)
            if entry.id in account.entries:
                return entry
            key = account_id(contact_id, side)
            seq = account.seq + 1
            entry = replace(entry, id=f"{key}/{seq:08}", account=key, seq=seq)
            if not isinstance(await self._entries.insert(entry), Exists):
                if summarised:
                    await self.summarise(contact_id, side)
                return replace(entry, version=1)
        raise StoreUnavailable("Others book on this account all the time; try again.", tries=TRIES)

    async def summarise(self, contact_id: ContactId, side: Side) -> None:
        """Bring the account's line in the list of open accounts up to date. Repeatable; `repair` does so for what a
        crash left behind."""
        account = await self.load(contact_id, side)
        dues = [it.entry.due or it.entry.date for it in account.invoices.values() if it.open]
        line = LedgerAccount(
            id=account_id(contact_id, side),
            contact_id=contact_id,
            side=side,
            seq=account.seq,
            next_due=min(dues).isoformat() if dues else None,
        )
        if self._index is not None:
            known = await self._accounts.get(line.id)
            await self._index(list(account.entries.values()), known.seq if known is not None else 0)
        for _ in range(TRIES):
            result = await self._accounts.insert(line)
            if not isinstance(result, Exists) or result.current.seq > line.seq:
                return
            kept = replace(line, reminders=result.current.reminders, stopped=result.current.stopped)
            if await self._accounts.replace(kept, result.current.version):
                return

    async def repair(self) -> int:
        """Summarise accounts whose last entry is newer than their line; how many were."""
        mended, after = 0, ""
        seen: set[str] = set()
        while batch := await self._entries.scan(after, 500):
            after = batch[-1].id
            for entry in batch:
                if entry.account not in seen:
                    seen.add(entry.account)
                    line = await self._accounts.get(entry.account)
                    account = await self.load(entry.contact_id, entry.side)
                    if line is None or line.seq < account.seq:
                        await self.summarise(entry.contact_id, entry.side)
                        mended += 1
        return mended

    async def open_accounts(self, side: Side, until: date | None, limit: int) -> list[LedgerAccount]:
        """Accounts with open invoices, earliest due first; those due until then."""
        found: list[LedgerAccount] = []
        cursor: str | None = None
        last = until.isoformat() if until else FAR
        while len(found) < limit:
            page = await self._accounts.page("by_due", side, after=cursor, until=last, limit=min(500, limit))
            found += page.items
            cursor = page.next
            if cursor is None:
                break
        return found[:limit]

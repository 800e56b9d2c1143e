"""Intake as a state machine: messages of several people arrive on three accounts, some twice, some under another's
Message-ID, while the hub dies at any await, its store goes away, and a colleague answers and closes in between. What
must hold whatever happens:

* no arrival that was acknowledged is lost; once all is quiet, each is settled, with a reason where it has no entry;
* there is exactly one entry for each distinct message, and each stands on the timeline of the right contact;
* seen = done + duplicates + quarantined + pending, for each account;
* conversations agree with what stands in them.
"""

import asyncio
import contextlib
from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.domain.arrival import Arrival, ArrivalState
from hub.domain.contact import identity_id
from hub.domain.conversation import ConversationState
from hub.domain.errors import StoreUnavailable
from hub.domain.message import Envelope
from hub.ports.kinds import CONVERSATIONS, PLACEMENTS
from tests.intake_world import DOMAIN, FORMS, IntakeWorld, chat, mail
from tests.memory_store import Crash

PEOPLE = ["ann@a.example", "ben@a.example", "cem@gmail.com"]
ACCOUNTS = ["office", "sales"]
PERSON, ACCOUNT = st.integers(0, len(PEOPLE) - 1), st.sampled_from(ACCOUNTS)
NUMBER = st.integers(0, 5)
"""Few numbers, so that messages meet again."""
LONGEST_FLIGHT = 60
"""Points that one message passes, more or less."""


class IntakeMachine(RuleBasedStateMachine):
    """One company's intake."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = IntakeWorld()
        self.acknowledged: dict[str, Arrival] = {}
        self.distinct: dict[bytes, str] = {}
        """Raw bytes that make an entry, and who wrote them."""
        self.native = 0

    def teardown(self) -> None:
        self._run(self._quiet())
        self._check_everything()
        self.loop.close()

    def _run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    async def _quiet(self) -> None:
        self.world.store.restart()
        await self.world.intake.drain()

    def _arrive(self, raw: bytes, account: str, sender: str, envelope: Envelope | None = None) -> None:
        self.native += 1
        arrival = self.world.arrival(
            raw, account=account, native_id=str(self.native), sender_hint=sender, envelope=envelope or Envelope()
        )
        self._deliver(arrival)
        if arrival.id in self.acknowledged:
            self.distinct.setdefault(raw, sender)

    def _deliver(self, arrival: Arrival) -> None:
        """As a connector does: what is not acknowledged is delivered again."""
        try:
            self._run(self.world.intake.inlet(arrival.account).accept(arrival))
        except (Crash, StoreUnavailable):
            self._recover()
            self._run(self.world.intake.inlet(arrival.account).accept(arrival))
        self.acknowledged[arrival.id] = arrival

    def _recover(self) -> None:
        self.world.store.restart()
        self.world.build()

    # What comes in

    @rule(person=PERSON, account=ACCOUNT, number=NUMBER, parent=NUMBER)
    def mail_comes(self, person: int, account: str, number: int, parent: int) -> None:
        references = {"References": f"<m{parent}@x.example>"} if parent != number else {}
        raw = mail(
            f"Text {person} {number}",
            sender=PEOPLE[person],
            subject=f"Sache {parent}",
            id=f"m{number}@x.example",
            **references,
        )
        self._arrive(raw, account, PEOPLE[person])

    @rule(person=PERSON, number=NUMBER)
    def chat_comes(self, person: int, number: int) -> None:
        # A chat message is known by its arrival only: each one is distinct.
        raw = chat(f"Text {number}", sender=PEOPLE[person], id=f"s{self.native}")
        self._arrive(raw, "chat", PEOPLE[person], Envelope(authenticated=True))

    @rule(person=PERSON, number=NUMBER)
    def colleague_answers_from_elsewhere(self, person: int, number: int) -> None:
        raw = mail(
            f"Antwort {number}", sender=f"anna@{DOMAIN}", to=PEOPLE[person], id=f"o{number}@pc.example",
            subject="AW: Sache", In_Reply_To=f"<m{number}@x.example>",
        )  # fmt: skip
        self._arrive(raw, "office", f"anna@{DOMAIN}", Envelope(outgoing=True))

    @rule(account=ACCOUNT)
    def nonsense_comes(self, account: str) -> None:
        raw = mail(to="who@else.example", id="nonsense@x.example")
        self._arrive(raw, account, "x")
        self.distinct.pop(raw, None)

    @rule(data=st.data())
    def redelivered(self, data: st.DataObject) -> None:
        if self.acknowledged:
            self._deliver(self.acknowledged[data.draw(st.sampled_from(sorted(self.acknowledged)))])

    # What happens to the hub

    @rule()
    def work(self) -> None:
        self._run(self._quiet())

    @rule(point=st.integers(1, LONGEST_FLIGHT))
    def dies(self, point: int) -> None:
        self.world.store.restart(crash_after=point)
        with contextlib.suppress(Crash):
            self._run(self.world.intake.drain())
        self._recover()

    @rule(point=st.integers(1, 6), person=PERSON, number=NUMBER)
    def dies_while_accepting(self, point: int, person: int, number: int) -> None:
        self.world.store.restart(crash_after=point)
        self.mail_comes(person, "office", number, number)
        self.world.store.restart()

    @rule(times=st.integers(1, 4))
    def store_goes_away(self, times: int) -> None:
        self.world.store.fail(StoreUnavailable("down"), times=times)
        with contextlib.suppress(StoreUnavailable):
            self._run(self.world.intake.drain())

    @rule(seconds=st.sampled_from([1, 60, 90_000]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    @rule(data=st.data(), close=st.booleans())
    def a_colleague_acts(self, data: st.DataObject, close: bool) -> None:
        self.world.store.restart()
        rows = self.world.conversations
        if not rows:
            return
        chosen = rows[data.draw(st.sampled_from(sorted(rows)))]
        now = self.world.clock.now()
        changed = replace(chosen, waiting_since=None)
        if close:
            changed = replace(changed, state=ConversationState.CLOSED, closed_at=now)
        self._run(self.world.store.documents(CONVERSATIONS).replace(changed, chosen.version))

    # What must hold

    @invariant()
    def nothing_acknowledged_is_lost(self) -> None:
        rows = self.world.arrivals
        assert set(self.acknowledged) <= set(rows)
        for arrival_id, arrival in self.acknowledged.items():
            assert rows[arrival_id].raw == arrival.raw

    @invariant()
    def settled_means_recorded(self) -> None:
        for record in self.world.arrivals.values():
            if record.result is not None:
                assert record.result in self.world.entries
            elif record.state is not ArrivalState.NEW:
                assert record.reason, record

    @invariant()
    def counts_add_up(self) -> None:
        seen = Counter(record.account for record in self.world.arrivals.values())
        states = Counter((record.account, record.state) for record in self.world.arrivals.values())
        for account, number in seen.items():
            assert number == sum(states[account, state] for state in ArrivalState)

    def _check_everything(self) -> None:
        world = self.world
        assert not [record for record in world.arrivals.values() if record.state is ArrivalState.NEW]
        expected = len(self.distinct)
        assert len(world.entries) == expected, (len(world.entries), expected)
        for entry in world.entries.values():
            record = world.arrivals[str(entry.arrival_id)]
            assert (record.state, record.result) == (ArrivalState.DONE, entry.id)
            self._check_place(entry)
            self._check_contact(entry)
            assert entry.id in world.store.search.entries
        for conversation in world.conversations.values():
            placed = [
                p for p in world.store.documents(PLACEMENTS).rows.values() if p.conversation_id == conversation.id
            ]
            entries = [world.entries[p.id] for p in placed]
            assert entries, conversation
            assert conversation.last_at == max(entry.at for entry in entries)
            assert conversation.contact_id in world.contacts
        told = {news.interaction.id for news in world.teller.told}
        assert told == {entry.id for entry in world.entries.values() if entry.direction == "in"}

    def _check_place(self, entry: Any) -> None:
        placement = self.world.store.documents(PLACEMENTS).rows[entry.id]
        assert placement.conversation_id in self.world.conversations

    def _check_contact(self, entry: Any) -> None:
        person = entry.sender if entry.direction == "in" else entry.recipients[0]
        address = FORMS.normalise(entry.channel, person.address.normal)
        assert self.world.identities[identity_id(address)].contact_id == entry.contact_id
        assert entry.contact_id in self.world.contacts
        assert entry.contact_id in self.world.store.search.names


IntakeMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestIntakeMachine = IntakeMachine.TestCase

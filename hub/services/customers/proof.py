"""One-time codes: how somebody proves to be the contact they say they are. Rules (docs/messages.md):

* A code goes only to a mail address that we knew before: entered or imported by us long enough ago, or proved by an
  earlier code; never to one that was only learned from a message.
* What the asker hears is the same whether or not the person exists; the destination is shown masked.
* Six digits, ten minutes, five tries (counted before they are compared), three codes a day for each asker and contact.
* The code is an HMAC of the proof's id and nonce: a repeat after a crash sends the same one.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from hub.domain.address import Address
from hub.domain.contact import Contact, Identity, identity_id
from hub.domain.errors import Conflict, Invalid, TooMany
from hub.domain.ids import ContactId, OutboxId, derived_id
from hub.domain.message import Participant, Strength
from hub.domain.outbox import HIDDEN, OutboxItem, OutgoingContent, Purpose, lane_of
from hub.domain.people import Actor, ActorKind
from hub.domain.reception import Proof
from hub.ports.addresses import AddressForms
from hub.ports.clock import Clock
from hub.ports.connector import Account, Accounts
from hub.ports.customer_verbs import Customer
from hub.ports.kinds import CONTACTS, CONVERSATIONS, IDENTITIES, PROOFS
from hub.ports.store import Exists, Store
from hub.services.alerts import Alerts
from hub.services.audit import Audit
from hub.services.correspondence import MAIL, OWN_SOURCES
from hub.services.customers.budgets import DAY, Budgets
from hub.services.merged import find_survivor
from hub.services.outbox import Outbox
from hub.services.register.joining import Joining
from hub.services.suppressions import Suppressions
from hub.services.wording import one_line, say

log = structlog.get_logger()
DIGITS = 6
TRIES = 5
SWAPS = 10
CODE_SOURCE = "code:"
"""Source of an identity that was bound by a code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRules:
    """`known_for`: how long an address that we entered must have been known before it gets codes."""

    known_for: timedelta = timedelta(days=7)
    valid_for: timedelta = timedelta(minutes=10)
    codes_a_day: int = 3


def mask(address: Address) -> str:
    """ "p••••r@t••••r.example": enough to recognise one's own, too little to learn another's."""
    local, _, domain = address.normal.partition("@")
    name, dot, rest = domain.rpartition(".")
    return f"{_hide(local)}@{_hide(name)}{dot}{rest}"


def _hide(word: str) -> str:
    return f"{word[:1]}••••{word[-1:] if len(word) > 3 else ''}"


def customer_actor(customer: Customer) -> Actor:
    """The contact acting, for the audit log."""
    return Actor(
        kind=ActorKind.CONTACT, id=customer.contact_id, via=customer.address.channel, assurance=customer.message
    )


class Proofs:
    """Sends codes and takes them back. `secret` makes them."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        alerts: Alerts,
        budgets: Budgets,
        accounts: Accounts,
        outbox: Outbox,
        suppressions: Suppressions,
        forms: AddressForms,
        secret: bytes,
        company: str,
        language: str,
        joining: Joining,
        rules: ProofRules | None = None,
    ) -> None:
        self._proofs, self._identities = store.documents(PROOFS), store.documents(IDENTITIES)
        self._contacts, self._conversations = store.documents(CONTACTS), store.documents(CONVERSATIONS)
        self._clock, self._audit, self._alerts, self._budgets = clock, audit, alerts, budgets
        self._accounts, self._outbox, self._suppressions, self._forms = accounts, outbox, suppressions, forms
        self._secret, self._company, self._language = secret, company, language
        self._joining, self._rules = joining, rules or ProofRules()

    # Sending

    async def offer(self, customer: Customer) -> str:
        """The masked destination of a code for whoever's timeline this is; '' where there is none."""
        found = await self._destination(customer)
        return mask(found.address) if found and self._sender() else ""

    async def send(self, customer: Customer, *, named: str, key: str) -> None:
        """See CustomerVerbs.send_code."""
        day = DAY
        if not await self._budgets.grant(
            f"code-asked|{customer.address.key}", key, limit=self._rules.codes_a_day, window=day
        ):
            raise TooMany("Too many codes were asked for today.", retry_after=day)
        found = await (self._named(customer, named) if named else self._destination(customer))
        sender = self._sender()
        if found is not None and not await self._budgets.grant(
            f"code|{found.contact_id}", key, limit=self._rules.codes_a_day, window=day
        ):
            found = None
        proof = await self._begin(customer, found.contact_id if found and sender else None, key)
        contact = await self._contacts.get(found.contact_id) if found else None
        if found is None or sender is None or contact is None:
            log.info("code_not_sent", conversation=customer.conversation_id)
            await self._audit.record(customer_actor(customer), "customer.code", "", outcome="no-destination")
            return
        await self._outbox.submit([self._letter(proof, contact, found, sender)])
        await self._audit.record(customer_actor(customer), "customer.code", contact.id)
        await self._tell_owner(contact, "code-sent", customer, key)

    async def _destination(self, customer: Customer) -> Identity | None:
        contact = await find_survivor(self._contacts, customer.contact_id)
        if contact is None:
            return None
        found: list[Identity] = []
        for member in (contact.id, *contact.members)[:50]:
            found += (await self._identities.page("by_contact", member)).items
        return await self._first_usable(found)

    async def _named(self, customer: Customer, named: str) -> Identity | None:
        """An address that the asker names counts only where we hold it, for the contact on whose timeline this is, or
        where this is nobody's yet: two known contacts are never made one by a code."""
        try:
            address = self._forms.normalise(MAIL, named)
        except Invalid:
            return None
        identity = await self._identities.get(identity_id(address))
        asking = await self._contacts.get(customer.contact_id)
        if identity is None or asking is None:
            return None
        if identity.contact_id not in (asking.id, *asking.members) and not asking.provisional:
            return None
        return await self._first_usable([identity])

    async def _first_usable(self, identities: Sequence[Identity]) -> Identity | None:
        usable = [one for one in identities if self._known_before(one)]
        listed = await self._suppressions.find_all([one.address for one in usable]) if usable else {}
        usable = [one for one in usable if one.address not in listed]
        return min(usable, key=lambda one: (one.strength is not Strength.VERIFIED, one.since), default=None)

    def _known_before(self, identity: Identity) -> bool:
        if identity.address.channel != MAIL:
            return False
        if identity.source.startswith(CODE_SOURCE):
            return identity.strength is Strength.VERIFIED
        return identity.source.startswith(OWN_SOURCES) and identity.since <= self._clock.now() - self._rules.known_for

    def _sender(self) -> Account | None:
        return next((one for one in self._accounts.all() if one.channel == MAIL and one.can_send), None)

    async def _begin(self, customer: Customer, contact_id: ContactId | None, key: str) -> Proof:
        proof = Proof(
            id=derived_id("q", "proof", customer.conversation_id),
            contact_id=contact_id,
            nonce=key,
            expires_at=self._clock.now() + self._rules.valid_for,
        )
        for _ in range(SWAPS):
            match await self._proofs.insert(proof):
                case Exists(current) if current.nonce == key:
                    return current
                case Exists(current):
                    if await self._proofs.replace(proof, current.version):
                        return proof
                case _:
                    return proof
        raise Conflict("This proof changes all the time; try again.")

    def _code(self, proof: Proof) -> str:
        digest = hmac.digest(self._secret, f"code|{proof.id}|{proof.nonce}".encode(), hashlib.sha256)
        return f"{int.from_bytes(digest[:8], 'big') % 10**DIGITS:0{DIGITS}}"

    def _letter(self, proof: Proof, contact: Contact, identity: Identity, account: Account) -> OutboxItem:
        now, language = self._clock.now(), contact.language or self._language
        item_id = OutboxId(derived_id("o", proof.id, proof.nonce))
        minutes = int(self._rules.valid_for.total_seconds() // 60)
        return OutboxItem(
            id=item_id,
            account=account.name,
            channel=account.channel,
            recipient=identity.address,
            lane=lane_of(account.name, identity.address),
            purpose=Purpose.LETTER,
            content=OutgoingContent(
                subject=say(language, "code-subject", company=self._company),
                text=say(language, "code-text", code=HIDDEN, minutes=minutes, company=self._company),
                hidden=self._code(proof),
                message_id=f"{item_id}@{account.message_domain or 'localhost'}",
                to=(Participant(address=identity.address, name=contact.name),),
                language=language,
            ),
            due_at=now,
            created_at=now,
            give_up_at=now + self._rules.valid_for,
            contact_id=contact.id,
            cause=proof.id,
        )

    # Redeeming

    async def redeem(self, customer: Customer, code: str) -> Customer | None:
        """See CustomerVerbs.redeem_code. What binds is the address that writes: it is the contact's from now on."""
        proof = await self._try(customer)
        right = proof is not None and hmac.compare_digest(self._code(proof).encode(), code.encode())
        if proof is None or proof.contact_id is None or not right:
            await self._audit.record(customer_actor(customer), "customer.prove", outcome="refused")
            return None
        if not await self._proofs.replace(replace(proof, used=True), proof.version):
            return None
        contact = await self._contacts.get(proof.contact_id)
        if contact is None or not await self._bind(customer, proof):
            return None
        proved = replace(customer, contact_id=contact.id, bound=Strength.VERIFIED, name=contact.name)
        # What came before the proof: its writer is known now.
        await self._joining.join(customer_actor(proved), customer.contact_id, customer.address, key=proof.nonce)
        await self._move(customer, contact.id)
        await self._audit.record(customer_actor(proved), "customer.prove", contact.id, detail=customer.address.channel)
        await self._tell_owner(contact, "code-redeemed", customer, proof.nonce)
        return proved

    async def _try(self, customer: Customer) -> Proof | None:
        """Count the try, before anything is compared."""
        for _ in range(SWAPS):
            proof = await self._proofs.get(derived_id("q", "proof", customer.conversation_id))
            if proof is None or proof.used or proof.tries >= TRIES or proof.expires_at <= self._clock.now():
                return None
            counted = replace(proof, tries=proof.tries + 1)
            if await self._proofs.replace(counted, proof.version):
                return replace(counted, version=proof.version + 1)
        raise Conflict("This proof changes all the time; try again.")

    async def _bind(self, customer: Customer, proof: Proof) -> bool:
        assert proof.contact_id is not None
        bound = Identity(
            id=identity_id(customer.address),
            contact_id=proof.contact_id,
            address=customer.address,
            strength=Strength.VERIFIED,
            source=f"{CODE_SOURCE}{proof.id}",
            since=self._clock.now(),
        )
        for _ in range(SWAPS):
            match await self._identities.insert(bound):
                case Exists(current) if current.contact_id not in (proof.contact_id, customer.contact_id):
                    return False
                case Exists(current):
                    if await self._identities.replace(bound, current.version):
                        return True
                case _:
                    return True
        raise Conflict("This address changes all the time; try again.")

    async def _move(self, customer: Customer, contact_id: ContactId) -> None:
        """The conversation goes to the contact that its peer proved to be."""
        for _ in range(SWAPS):
            conversation = await self._conversations.get(customer.conversation_id)
            if conversation is None or conversation.contact_id == contact_id:
                return
            if await self._conversations.replace(replace(conversation, contact_id=contact_id), conversation.version):
                return

    async def _tell_owner(self, contact: Contact, story: str, customer: Customer, key: str) -> None:
        if contact.owner is None:
            return
        name, address = one_line(contact.name, 60), one_line(customer.address.normal, 80)
        await self._alerts.tell_all(
            [contact.owner],
            lambda language: say(language, story, name=name, address=address),
            f"{story}|{customer.conversation_id}|{key}",
        )

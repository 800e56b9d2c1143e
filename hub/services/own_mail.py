"""A colleague's own mail address: proved by a code that goes there, then written to. What a company earns is sent only
where its holder has shown that they read."""

import hashlib
import hmac
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from hub.domain.address import Address
from hub.domain.errors import Conflict, Invalid, TooMany
from hub.domain.ids import OutboxId, UserId, derived_id
from hub.domain.instant import to_utc_ms
from hub.domain.message import Attachment, Participant
from hub.domain.outbox import HIDDEN, OutboxItem, OutgoingContent, Purpose, lane_of
from hub.domain.people import Actor, User
from hub.domain.reminder import AlertChoice
from hub.ports.addresses import AddressForms
from hub.ports.clock import Clock
from hub.ports.connector import Account, Accounts, LinkState
from hub.services.alerts import Alerts
from hub.services.audit import Audit
from hub.services.outbox import Outbox
from hub.services.wording import say

log = structlog.get_logger()
MAIL = "email"
VALID = timedelta(minutes=30)
CODES_A_DAY = 5
DAY = timedelta(days=1)
LETTERS = 10
"""Of a code: 50 bits, which nobody guesses within half an hour."""


class OwnMail:
    """Proves addresses, and writes to them. `secret` makes the codes."""

    def __init__(
        self,
        *,
        clock: Clock,
        audit: Audit,
        alerts: Alerts,
        accounts: Accounts,
        outbox: Outbox,
        forms: AddressForms,
        secret: bytes,
        company: str,
    ) -> None:
        self._clock, self._audit, self._alerts = clock, audit, alerts
        self._accounts, self._outbox, self._forms = accounts, outbox, forms
        self._secret, self._company = secret, company

    # Proving

    async def ask(self, actor: Actor, text: str) -> AlertChoice:
        """Send a code to the address. Raises Invalid, Conflict (no channel for mail), TooMany."""
        user_id = self._audit.permit_oneself(actor, "reminders.ask_mail")
        address, account, now = self._read(text), self.account(), to_utc_ms(self._clock.now())
        if account is None:
            raise Conflict("No channel of this hub can send mail now.", code="no-mail")

        def want(old: AlertChoice) -> AlertChoice:
            asked = tuple(at for at in old.mail_codes if at > now - DAY)
            if len(asked) >= CODES_A_DAY:
                raise TooMany("Too many codes were asked for today.", retry_after=DAY)
            return replace(old, mail_wanted=address.normal, mail_codes=(*asked, now))

        choice = await self._alerts.change(user_id, want)
        item = self._item(account, address, actor.name, actor.language, derived_id("o", user_id, now.isoformat()))
        content = replace(
            item.content,
            subject=say(actor.language, "mail-code-subject", company=self._company),
            text=say(actor.language, "mail-code-text", code=HIDDEN, company=self._company),
            hidden=self._code(user_id, address.normal, now),
        )
        await self._outbox.submit([replace(item, content=content, give_up_at=now + VALID)])
        await self._audit.record(actor, "reminders.ask_mail", user_id)
        return choice

    async def set(self, actor: Actor, text: str, code: str) -> AlertChoice:
        """The address is the colleague's from now on, if the code is right; '' forgets it. Raises Invalid."""
        user_id = self._audit.permit_oneself(actor, "reminders.set_mail")
        if not text.strip():
            changed = await self._alerts.change(user_id, lambda old: replace(old, mail="", mail_wanted=""))
            await self._audit.record(actor, "reminders.set_mail", user_id, detail="none")
            return changed
        normal, choice = self._read(text).normal, await self._alerts.choice(user_id)
        asked = choice.mail_codes[-1] if choice.mail_codes else None
        said = "".join(letter for letter in code.upper() if letter.isalnum())[: 2 * LETTERS]
        known = asked is not None and choice.mail_wanted == normal and self._clock.now() <= asked + VALID
        right = self._code(user_id, normal, asked) if asked is not None else ""
        if not hmac.compare_digest(right.encode(), said.encode()) or not known:
            await self._audit.record(actor, "reminders.set_mail", user_id, outcome="refused")
            raise Invalid("This code is wrong, or too old; ask for a new one.", field="proof")

        def keep(old: AlertChoice) -> AlertChoice:
            return replace(old, mail=normal, mail_wanted="" if old.mail_wanted == normal else old.mail_wanted)

        changed = await self._alerts.change(user_id, keep)
        await self._audit.record(actor, "reminders.set_mail", user_id)
        return changed

    def _read(self, text: str) -> Address:
        if len(text) > 320:
            raise Invalid("This is no mail address.", field="address")
        try:
            return self._forms.normalise(MAIL, text.strip())
        except Invalid as error:
            raise Invalid(error.sentence, field="address") from error

    def _code(self, user_id: UserId, normal: str, asked: datetime) -> str:
        mac = hmac.new(self._secret, f"own-mail|{user_id}|{normal}|{asked.isoformat()}".encode(), hashlib.sha256)
        return b32encode(mac.digest())[:LETTERS].decode("ascii")

    # Writing

    def account(self) -> Account | None:
        """The one that carries mail; if possible one that is connected now."""
        found = [one for one in self._accounts.all() if one.channel == MAIL and one.can_send]
        found.sort(key=lambda one: self._accounts.link(one.name)[0] is not LinkState.UP)
        return found[0] if found else None

    async def write(
        self,
        user: User,
        account: Account,
        normal: str,
        *,
        subject: str,
        text: str,
        files: Sequence[Attachment],
        key: str,
        lifetime: timedelta,
    ) -> None:
        """Once for the key, however often it is submitted. Raises StoreUnavailable."""
        address = Address(channel=MAIL, normal=normal)
        item = self._item(
            account, address, user.display_name or user.name, user.language, derived_id("o", "own-mail", key, user.id)
        )
        content = replace(item.content, subject=subject, text=text, attachments=tuple(files))
        await self._outbox.submit(
            [replace(item, content=content, give_up_at=item.created_at + lifetime, cause=key[:100])]
        )

    def _item(self, account: Account, address: Address, name: str, language: str, id: str) -> OutboxItem:
        now = self._clock.now()
        return OutboxItem(
            id=OutboxId(id),
            account=account.name,
            channel=account.channel,
            recipient=address,
            lane=lane_of(account.name, address),
            purpose=Purpose.NOTICE,
            content=OutgoingContent(
                text="",
                message_id=f"{id}@{account.message_domain or 'localhost'}",
                to=(Participant(address=address, name=name),),
                language=language,
            ),
            due_at=now,
            created_at=now,
            give_up_at=now + DAY,
            cause="",
        )

"""Colleagues: accounts, signing in, tokens, linked native accounts. The parts are in staff, sessions, tokens, linking
and passwords; here are the verbs, their rights, their limits and their audit."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from hub.domain.address import Address
from hub.domain.errors import Conflict, Invalid, NotFound, StoreUnavailable, TooMany
from hub.domain.folding import fold
from hub.domain.ids import UserId
from hub.domain.people import (
    NOT_FOR_OWN_ROLES,
    SCOPE_LOCAL,
    AccessToken,
    Actor,
    Right,
    Role,
    RowScope,
    StaffLink,
    User,
    UserRole,
    staff_link_id,
    system_actor,
    user_id_of,
)
from hub.domain.views import SignIn, UserLine
from hub.ports.clock import Clock
from hub.ports.store import Store
from hub.services.audit import Audit
from hub.services.linking import LinkCodes
from hub.services.passwords import Passwords, check_password, one_time_password
from hub.services.ratelimit import RateLimit
from hub.services.sessions import Sessions
from hub.services.staff import MAX_ROLES, Staff, check_language, check_time_zone, first_admin, read_teams
from hub.services.tokens import Tokens

log = structlog.get_logger()

FIRST_ADMIN = "admin"
SIGN_IN_WINDOW = timedelta(minutes=15)
TRIES_A_NAME = 10
TRIES_A_CLIENT = 30
LINK_WINDOW = timedelta(hours=1)
TRIES_AN_ADDRESS = 5
SWEEP_SECONDS = 3_600.0


class Users:
    """Implements hub.ports.verbs.UserVerbs. Call `load` before anything else."""

    def __init__(self, *, store: Store, clock: Clock, audit: Audit, staff: Staff, passwords: Passwords) -> None:
        self._clock, self._audit, self._staff, self._passwords = clock, audit, staff, passwords
        self._sessions = Sessions(store, clock)
        self._tokens = Tokens(store, clock)
        self._codes = LinkCodes(store, clock)
        self._changing = asyncio.Lock()
        self._by_name = RateLimit(clock, limit=TRIES_A_NAME, window=SIGN_IN_WINDOW)
        self._by_client = RateLimit(clock, limit=TRIES_A_CLIENT, window=SIGN_IN_WINDOW)
        self._by_address = RateLimit(clock, limit=TRIES_AN_ADDRESS, window=LINK_WINDOW)

    # Start and upkeep

    async def load(self) -> None:
        """Read the colleagues into memory."""
        await self._staff.load()

    async def run(self) -> None:
        """Remove expired sessions and codes every hour, until cancelled."""
        while True:
            try:
                await self.sweep()
            except StoreUnavailable as error:
                log.warning("sweep_waits_for_store", reason=error.sentence)
            await self._clock.sleep(SWEEP_SECONDS)

    async def sweep(self) -> int:
        """Remove what has expired; how many."""
        return await self._sessions.sweep() + await self._codes.sweep()

    async def ensure_admin(self) -> str | None:
        """Where no admin is, make the first one and return the one-time password; None where there is one."""
        if first_admin(self._staff) is not None or self._staff.known(user_id_of(FIRST_ADMIN)) is not None:
            return None
        hub = system_actor("start")
        _, password = await self._make(hub, FIRST_ADMIN, UserRole.ADMIN, display_name="Admin", language="en")
        return password

    async def ensure_local_token(self) -> str:
        """A fresh token for the command line on this machine; the previous one ends. Raises NotFound where no admin
        is active."""
        admin = first_admin(self._staff)
        if admin is None:
            raise NotFound("There is no active admin to whom the local token could belong.")
        return await self._tokens.make_local(admin.id)

    # Colleagues

    async def add(
        self, actor: Actor, name: str, role: UserRole, *, display_name: str = "", language: str = "en"
    ) -> tuple[UserLine, str]:
        """The user and a one-time password. Raises Conflict where the name is taken, Invalid."""
        self._audit.permit(actor, Right.RUN_USERS, "users.add", name)
        user, password = await self._make(actor, name, role, display_name=display_name, language=language)
        return self._staff.line(user), password

    async def _make(
        self, actor: Actor, name: str, role: UserRole, *, display_name: str, language: str
    ) -> tuple[User, str]:
        folded = fold(name)
        if not 1 <= len(folded) <= 60 or " " in folded:
            raise Invalid("A name has 1 to 60 letters and digits, without blanks.", field="name")
        if len(display_name) > 100:
            raise Invalid("A display name has at most 100 characters.", field="display_name")
        check_language(language)
        password = one_time_password()
        user = User(
            id=user_id_of(folded),
            name=folded,
            display_name=display_name.strip() or name.strip(),
            role=role,
            language=language,
            password_hash=await self._passwords.hash(password),
            must_change_password=True,
            created_at=self._clock.now(),
        )
        await self._staff.insert(user)
        await self._audit.record(actor, "users.add", user.id, detail=role.value)
        return user, password

    async def all(self, actor: Actor) -> list[UserLine]:
        """By name."""
        self._audit.permit(actor, Right.READ_STATUS, "users.all")
        return [self._staff.line(user) for user in self._staff.all()]

    async def get(self, actor: Actor, name_or_id: str) -> UserLine:
        """Raises NotFound."""
        self._audit.permit(actor, Right.READ_STATUS, "users.get", name_or_id)
        return self._staff.line(self._staff.named(name_or_id))

    async def change(
        self,
        actor: Actor,
        user_id: UserId,
        *,
        role: UserRole | None = None,
        own_role: str | None = None,
        rows: RowScope | None = None,
        teams: Sequence[str] | None = None,
        active: bool | None = None,
        display_name: str | None = None,
    ) -> UserLine:
        """See UserVerbs. One change at a time: two admins cannot take each other's role away."""
        self._audit.permit(actor, Right.RUN_USERS, "users.change", user_id)
        async with self._changing:
            user = self._staff.user(user_id)
            changed = replace(
                user,
                role=user.role if role is None else role,
                own_role=user.own_role if own_role is None else own_role,
                rows=user.rows if rows is None else rows,
                teams=user.teams if teams is None else read_teams(teams),
                active=user.active if active is None else active,
                display_name=user.display_name if display_name is None else display_name.strip()[:100] or user.name,
            )
            self._check_change(user, changed)
            changed = await self._staff.change(changed)
        if not changed.active:
            await self._sessions.end_all(user_id, "")
        detail = (
            f"{changed.role.value} {changed.own_role} {changed.rows.value} {'active' if changed.active else 'left'}"
        )
        await self._audit.record(actor, "users.change", user_id, detail=detail)
        return self._staff.line(changed)

    def _check_change(self, user: User, changed: User) -> None:
        if changed.own_role and changed.own_role not in {role.id for role in self._staff.roles()}:
            raise Invalid("There is no such role.", field="own_role")
        limited = changed.own_role or changed.rows is not RowScope.ALL
        if changed.role is UserRole.ADMIN and limited:
            raise Invalid("An admin has all rights and sees everything.", field="role")
        was, remains = _runs_hub(user), _runs_hub(changed)
        others = [one for one in self._staff.all() if one.id != user.id and _runs_hub(one)]
        if was and not remains and not others:
            raise Conflict("This is the last admin; make somebody else an admin first.", field="role")

    async def roles(self, actor: Actor) -> list[Role]:
        """The company's own roles, by name."""
        self._audit.permit(actor, Right.READ_STATUS, "users.roles")
        return self._staff.roles()

    async def save_role(self, actor: Actor, role: Role) -> Role:
        """See UserVerbs."""
        self._audit.permit(actor, Right.RUN_USERS, "users.save_role", role.id)
        name = role.name.strip()
        wanted = replace(role, id=role.id if role.version else fold(name), name=name)
        if not wanted.id or len(name) > 60 or wanted.id in tuple(UserRole):
            raise Invalid("A role has a name of its own, with at most 60 characters.", field="name")
        if NOT_FOR_OWN_ROLES & set(wanted.rights):
            raise Invalid("Running colleagues is for admins alone.", field="rights")
        if role.version == 0 and len(self._staff.roles()) >= MAX_ROLES:
            raise Invalid(f"There are {MAX_ROLES} roles already.", field="name")
        saved = await self._staff.save_role(replace(wanted, rights=tuple(sorted(set(wanted.rights)))))
        await self._audit.record(actor, "users.save_role", saved.id, detail=" ".join(saved.rights))
        return saved

    async def delete_role(self, actor: Actor, role_id: str) -> None:
        """See UserVerbs."""
        self._audit.permit(actor, Right.RUN_USERS, "users.delete_role", role_id)
        role = next((one for one in self._staff.roles() if one.id == role_id), None)
        if role is None:
            raise NotFound("There is no such role.", id=role_id[:60])
        await self._staff.delete_role(role)
        await self._audit.record(actor, "users.delete_role", role_id)

    async def set_password(self, actor: Actor, user_id: UserId, password: str, *, keep_session: str = "") -> None:
        """One's own, or anyone's by an admin. An admin's is a one-time password for the other."""
        own = self._permit_own(actor, user_id, "users.set_password")
        check_password(password)
        encoded = await self._passwords.hash(password)
        user = replace(self._staff.user(user_id), password_hash=encoded, must_change_password=not own)
        await self._staff.change(user)
        await self._sessions.end_all(user_id, keep_session if own else "")
        await self._audit.record(actor, "users.set_password", user_id)

    async def set_preferences(
        self, actor: Actor, user_id: UserId, *, language: str | None = None, time_zone: str | None = None
    ) -> UserLine:
        """One's own, or anyone's by an admin. Raises Invalid for an unknown language or time zone."""
        self._permit_own(actor, user_id, "users.set_preferences")
        user = self._staff.user(user_id)
        if language is not None:
            check_language(language)
            user = replace(user, language=language)
        if time_zone is not None:
            check_time_zone(time_zone)
            user = replace(user, time_zone=time_zone)
        user = await self._staff.change(user)
        await self._audit.record(actor, "users.set_preferences", user_id)
        return self._staff.line(user)

    def _permit_own(self, actor: Actor, user_id: UserId, verb: str) -> bool:
        """Whether it is one's own account; anyone else's needs Right.RUN_USERS."""
        if actor.user_id == user_id and self._audit.permit_oneself(actor, verb):
            return True
        self._audit.permit(actor, Right.RUN_USERS, verb, user_id)
        return False

    # Linked native accounts

    async def link_code(self, actor: Actor, user_id: UserId) -> str:
        """Eight letters and digits, good for ten minutes and one use."""
        self._permit_own(actor, user_id, "users.link_code")
        code = await self._codes.make(self._staff.user(user_id).id)
        await self._audit.record(actor, "users.link_code", user_id)
        return code

    async def bind(self, address: Address, code: str) -> UserLine | None:
        """Bind the native account that sent the code. None for a wrong or expired code, and for any code once five
        were tried from the address within an hour."""
        actor = system_actor("link")
        try:
            self._by_address.take(address.key)
            user = self._staff.known(await self._codes.use(code))
        except TooMany:
            user = None
        if user is None:
            await self._audit.record(actor, "users.bind", address.key, outcome="refused")
            return None
        link = StaffLink(id=staff_link_id(address), user_id=user.id, address=address, since=self._clock.now())
        await self._staff.link(link)
        await self._audit.record(actor, "users.bind", user.id, detail=address.key)
        return self._staff.line(user)

    async def unlink(self, actor: Actor, user_id: UserId, address: Address) -> None:
        """One's own, or anyone's by an admin. Raises NotFound."""
        self._permit_own(actor, user_id, "users.unlink")
        await self._staff.unlink(user_id, address)
        await self._audit.record(actor, "users.unlink", user_id, detail=address.key)

    def staff_at(self, address: Address) -> UserLine | None:
        """The colleague behind a native account, from memory."""
        user = self._staff.at(address)
        return self._staff.line(user) if user else None

    def staff(self) -> list[tuple[UserLine, Address]]:
        """Every active colleague with every linked native account, for notices."""
        active = [self._staff.line(user) for user in self._staff.all() if user.active]
        return [(line, address) for line in active for address in line.links]

    # Doors

    async def sign_in(self, name: str, password: str, client: str) -> SignIn | None:
        """None for wrong credentials, after the same time whether or not the name exists; raises TooMany."""
        folded = fold(name[:200])
        # Counted before the slow check, so that parallel tries cannot pass the limit.
        self._by_client.take(client)
        self._by_name.take(folded)
        user = self._staff.known(user_id_of(folded))
        if not await self._passwords.verify(user.password_hash if user else "", password) or user is None:
            await self._audit.record(system_actor("sign-in"), "users.sign_in", folded, "refused", client)
            return None
        self._by_name.forgive(folded)
        self._by_client.forgive(client)
        await self._renew_hash(user, password)
        cookie = await self._sessions.open(user.id)
        await self._audit.record(self._staff.actor(user, via="console"), "users.sign_in", user.id, detail=client)
        return SignIn(cookie=cookie, user=self._staff.line(user), must_change_password=user.must_change_password)

    async def _renew_hash(self, user: User, password: str) -> None:
        if not self._passwords.outdated(user.password_hash):
            return
        encoded = await self._passwords.hash(password)
        try:
            await self._staff.change(replace(user, password_hash=encoded))
        except Conflict:
            log.info("password_hash_not_renewed", user=user.id)

    async def sign_out(self, cookie: str) -> None:
        """End the session of the cookie, if there is one."""
        user = self._staff.known(await self._sessions.end(cookie))
        if user:
            await self._audit.record(self._staff.actor(user, via="console"), "users.sign_out", user.id)

    async def session_actor(self, cookie: str) -> Actor | None:
        """Who holds a living session."""
        session = await self._sessions.find(cookie)
        user = self._staff.known(session.user_id) if session else None
        if session is None or user is None:
            return None
        return self._staff.actor(
            user, via="console", language=session.language, must_change_password=user.must_change_password
        )

    async def token_actor(self, token: str) -> Actor | None:
        """Who holds a living token; its scopes limit the actor's rights."""
        found = await self._tokens.find(token)
        user = self._staff.known(found.user_id) if found else None
        if found is None or user is None:
            return None
        return self._staff.actor(user, via="cli" if SCOPE_LOCAL in found.scopes else "api", scopes=found.scopes)

    async def add_token(self, actor: Actor, name: str, scopes: Sequence[str] = ()) -> tuple[AccessToken, str]:
        """For oneself; the token is returned once."""
        user_id = self._audit.permit_oneself(actor, "users.add_token")
        made = await self._tokens.make(user_id, name, scopes)
        await self._audit.record(actor, "users.add_token", user_id, detail=name)
        return made

    async def tokens(self, actor: Actor) -> list[AccessToken]:
        """One's own, oldest first."""
        return await self._tokens.of(self._audit.permit_oneself(actor, "users.tokens", writes=False))

    async def end_token(self, actor: Actor, token_id: str) -> None:
        """One's own. Raises NotFound."""
        user_id = self._audit.permit_oneself(actor, "users.end_token")
        await self._tokens.end(user_id, token_id)
        await self._audit.record(actor, "users.end_token", user_id, detail=token_id[:12])

    async def actor_for(self, actor: Actor, name: str) -> Actor:
        """`ask --as NAME`: needs Right.ASK_AS, which only the local token opens; audited."""
        self._audit.permit(actor, Right.ASK_AS, "users.actor_for", name)
        user = self._staff.named(name)
        if not user.active:
            raise NotFound(f'"{user.name}" is not active.')
        await self._audit.record(actor, "users.actor_for", user.id)
        return self._staff.actor(user, via="cli-as")

    async def actor_of(self, user_id: UserId, via: str) -> Actor | None:
        """The Actor of a colleague for a door whose authentication the caller has done."""
        user = self._staff.known(user_id)
        return self._staff.actor(user, via=via) if user else None


def _runs_hub(user: User) -> bool:
    return user.active and user.role is UserRole.ADMIN and not user.own_role

"""Who works here, in memory: every door and every list asks for colleagues, and there are few of them. One hub holds a
store, and every change passes through here, so that memory and store agree."""

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.domain.address import Address
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.folding import fold
from hub.domain.ids import UserId
from hub.domain.people import NOT_FOR_OWN_ROLES, Actor, ActorKind, Role, StaffLink, User, UserRole
from hub.domain.views import UserLine
from hub.ports.kinds import ROLES, STAFF_LINKS, USERS
from hub.ports.store import Exists, Store

LANGUAGES = ("de", "en")
MAX_TEAMS = 20
MAX_ROLES = 100
MAX_LINKS = 20
"""Native accounts of one colleague."""


class Staff:
    """The colleagues and their linked native accounts. Empty until `load`."""

    def __init__(self, store: Store) -> None:
        self._users = store.documents(USERS)
        self._links = store.documents(STAFF_LINKS)
        self._role_documents = store.documents(ROLES)
        self._roles: dict[str, Role] = {}
        self._by_id: dict[UserId, User] = {}
        self._at: dict[Address, StaffLink] = {}

    async def load(self) -> None:
        """Read all of them from the store."""
        self._by_id, self._at = {}, {}
        self._roles = {role.id: role for role in (await self._role_documents.page("by_name", limit=MAX_ROLES)).items}
        cursor: str | None = None
        while True:
            users = await self._users.page("by_name", after=cursor, limit=500)
            self._by_id.update((user.id, user) for user in users.items)
            if (cursor := users.next) is None:
                break
        while True:
            links = await self._links.page("by_user", after=cursor, limit=500)
            self._at.update((link.address, link) for link in links.items)
            if (cursor := links.next) is None:
                break

    def user(self, user_id: UserId) -> User:
        """Raises NotFound."""
        user = self._by_id.get(user_id)
        if user is None:
            raise NotFound("There is no such colleague.")
        return user

    def named(self, name_or_id: str) -> User:
        """By sign-in name or id. Raises NotFound."""
        by_id = self._by_id.get(UserId(name_or_id.strip()))
        name = fold(name_or_id)
        for user in (by_id,) if by_id else self._by_id.values():
            if user is by_id or user.name == name:
                return user
        raise NotFound(f'There is no colleague named "{name_or_id[:60]}".')

    def known(self, user_id: UserId | None) -> User | None:
        """The colleague who may act now, if that one exists and is active."""
        user = self._by_id.get(user_id) if user_id else None
        return user if user and user.active else None

    def name_of(self, user_id: UserId | None) -> str:
        """What to call a colleague in a list; '' for nobody."""
        user = self._by_id.get(user_id) if user_id else None
        return (user.display_name or user.name) if user else ""

    def all(self) -> list[User]:
        """By name."""
        return sorted(self._by_id.values(), key=lambda user: user.name)

    def at(self, address: Address) -> User | None:
        """The active colleague behind a native account."""
        link = self._at.get(address)
        return self.known(link.user_id) if link else None

    def links(self, user_id: UserId) -> tuple[Address, ...]:
        """A colleague's native accounts, in the order in which they were linked."""
        mine = [link for link in self._at.values() if link.user_id == user_id]
        return tuple(link.address for link in sorted(mine, key=lambda link: (link.since, link.id)))

    def line(self, user: User) -> UserLine:
        """As it stands in a list."""
        return UserLine(
            id=user.id,
            name=user.name,
            display_name=user.display_name,
            role=user.role,
            language=user.language,
            active=user.active,
            links=self.links(user.id),
            own_role=user.own_role,
            rows=user.rows,
            teams=user.teams,
        )

    async def insert(self, user: User) -> None:
        """Raises Conflict where the name is taken."""
        if isinstance(await self._users.insert(user), Exists):
            raise Conflict(f'The name "{user.name}" is taken; choose another one.', field="name")
        self._by_id[user.id] = replace(user, version=1)

    async def change(self, user: User) -> User:
        """Compare and set by `user.version`. Raises Conflict."""
        if not await self._users.replace(user, user.version):
            raise Conflict("Somebody else changed this colleague first; load again.")
        changed = replace(user, version=user.version + 1)
        self._by_id[user.id] = changed
        return changed

    # Roles of the company's own

    def roles(self) -> list[Role]:
        """By name."""
        return sorted(self._roles.values(), key=lambda role: role.name)

    async def save_role(self, role: Role) -> Role:
        """New where `version` is 0, else by version. Raises Conflict."""
        if role.version == 0:
            if isinstance(await self._role_documents.insert(role), Exists):
                raise Conflict(f'There is a role named "{role.name}" already.', field="name")
            saved = replace(role, version=1)
        elif await self._role_documents.replace(role, role.version):
            saved = replace(role, version=role.version + 1)
        else:
            raise Conflict("Somebody else changed this role first; load again.")
        self._roles[saved.id] = saved
        return saved

    async def delete_role(self, role: Role) -> None:
        """Raises Conflict where a colleague has it, or where somebody else changed it."""
        holders = [user.name for user in self._by_id.values() if user.own_role == role.id]
        if holders:
            raise Conflict(f"{', '.join(sorted(holders)[:5])} still have this role; give them another one first.")
        if not await self._role_documents.delete(role.id, role.version):
            raise Conflict("Somebody else changed this role first; load again.")
        self._roles.pop(role.id, None)

    def actor(
        self,
        user: User,
        *,
        via: str,
        scopes: tuple[str, ...] = (),
        language: str = "",
        must_change_password: bool = False,
    ) -> Actor:
        """The colleague acting through a door that has authenticated them. Whoever has a role that is gone has no
        rights at all."""
        granted = None
        if user.own_role:
            role = self._roles.get(user.own_role)
            granted = frozenset(role.rights) - NOT_FOR_OWN_ROLES if role else frozenset()
        return Actor(
            kind=ActorKind.USER,
            id=user.id,
            name=user.display_name or user.name,
            roles=(user.role,),
            teams=user.teams,
            via=via,
            language=language or user.language,
            time_zone=user.time_zone,
            must_change_password=must_change_password,
            scopes=scopes,
            granted=granted,
            rows=user.rows,
        )

    async def link(self, link: StaffLink) -> None:
        """Bind a native account; where it was bound to another colleague it moves, because its holder said so.
        Raises Conflict."""
        if len(self.links(link.user_id)) >= MAX_LINKS and link.address not in self._at:
            raise Conflict(f"A colleague has at most {MAX_LINKS} linked accounts; unlink one first.")
        match await self._links.insert(link):
            case Exists(current):
                if not await self._links.replace(link, current.version):
                    raise Conflict("This account was just linked by another code.")
                self._at[link.address] = replace(link, version=current.version + 1)
            case _:
                self._at[link.address] = replace(link, version=1)

    async def unlink(self, user_id: UserId, address: Address) -> None:
        """Raises NotFound where the account is not linked to this colleague."""
        link = self._at.get(address)
        if link is None or link.user_id != user_id:
            raise NotFound("This account is not linked to that colleague.")
        await self._links.delete(link.id)
        del self._at[address]


def first_admin(staff: Staff) -> User | None:
    """The admin who has been here longest."""
    admins = [user for user in staff.all() if user.active and user.role is UserRole.ADMIN]
    return min(admins, key=lambda user: (user.created_at, user.id), default=None)


def read_teams(teams: Sequence[str]) -> tuple[str, ...]:
    """Folded, each once, in order. Raises Invalid."""
    read = tuple(sorted({fold(team) for team in teams if fold(team)}))
    if len(read) > MAX_TEAMS or any(len(team) > 60 for team in read):
        raise Invalid(
            f"A colleague is in at most {MAX_TEAMS} teams with names of at most 60 characters.", field="teams"
        )
    return read


def check_language(language: str) -> None:
    """Raises Invalid."""
    if language not in LANGUAGES:
        raise Invalid(f"The hub speaks {' and '.join(LANGUAGES)}.", field="language")


def check_time_zone(name: str) -> None:
    """Raises Invalid; '' is none."""
    try:
        if name:
            ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(f'There is no time zone "{name[:60]}"; for example Europe/Berlin.', field="time_zone") from error

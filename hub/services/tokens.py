"""Bearer tokens of the API and the command line: 256 random bits, of which the store knows only the SHA-256."""

import secrets
from collections.abc import Sequence

from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.ids import UserId
from hub.domain.people import SCOPE_LOCAL, SCOPE_READ, AccessToken
from hub.ports.clock import Clock
from hub.ports.kinds import TOKENS
from hub.ports.store import Store
from hub.services.sessions import hash_secret

PREFIX = "fernamt_"
"""Lets people and secret scanners see what it is."""
MAX_TOKENS = 50


class Tokens:
    """Makes, checks and ends tokens."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._tokens = store.documents(TOKENS)
        self._clock = clock

    async def make(self, user_id: UserId, name: str, scopes: Sequence[str]) -> tuple[AccessToken, str]:
        """Raises Invalid for an unknown scope, Conflict beyond 50 tokens."""
        if not 1 <= len(name.strip()) <= 100:
            raise Invalid(
                "A token has a name of 1 to 100 characters, so that it can be told from others.", field="name"
            )
        if not set(scopes) <= {SCOPE_READ}:
            raise Invalid(f'A token has all of its owner\'s rights, or the scope "{SCOPE_READ}".', field="scopes")
        if await self._tokens.count("by_user", user_id, cap=MAX_TOKENS) >= MAX_TOKENS:
            raise Conflict(f"At most {MAX_TOKENS} tokens; end one first.")
        return await self._insert(user_id, name.strip(), tuple(dict.fromkeys(scopes)))

    async def make_local(self, user_id: UserId) -> str:
        """A fresh token for the data directory; the previous ones end."""
        old = [token for token in await self.of(user_id) if SCOPE_LOCAL in token.scopes]
        _, secret = await self._insert(user_id, "local", (SCOPE_LOCAL,))
        for token in old:
            await self._tokens.delete(token.id)
        return secret

    async def find(self, secret: str) -> AccessToken | None:
        """The living token."""
        token = await self._tokens.get(hash_secret(secret))
        if token is None or (token.expires_at and token.expires_at <= self._clock.now()):
            return None
        return token

    async def of(self, user_id: UserId) -> list[AccessToken]:
        """A colleague's tokens, oldest first."""
        return (await self._tokens.page("by_user", user_id, limit=200)).items

    async def end(self, user_id: UserId, token_id: str) -> None:
        """Raises NotFound, also for somebody else's."""
        token = await self._tokens.get(token_id)
        if token is None or token.user_id != user_id or not await self._tokens.delete(token_id):
            raise NotFound("There is no such token of yours.")

    async def _insert(self, user_id: UserId, name: str, scopes: tuple[str, ...]) -> tuple[AccessToken, str]:
        secret = PREFIX + secrets.token_urlsafe(32)
        token = AccessToken(
            id=hash_secret(secret), user_id=user_id, name=name, scopes=scopes, created_at=self._clock.now()
        )
        await self._tokens.insert(token)
        return token, secret

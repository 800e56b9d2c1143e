"""Addresses of people on channels."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where somebody can be reached: the address form ("email", "xmpp", ...) and its normal form.

    Made by `AddressForms.normalise` only; normalising twice equals once. `display` keeps what was written.
    Equality and the claim key ignore `display`.
    """

    channel: str
    normal: str
    display: str = ""

    @property
    def key(self) -> str:
        """Unique text of the address, used in ids, lanes and indexes: `email:p.mueller@example.org`."""
        return f"{self.channel}:{self.normal}"

    @property
    def domain(self) -> str:
        """What follows the `@`, or '' where the form has none."""
        return self.normal.rpartition("@")[2] if "@" in self.normal else ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and other.channel == self.channel and other.normal == self.normal

    def __hash__(self) -> int:
        return hash((self.channel, self.normal))

"""The addresses in a component's domain: the bot's, the public one, and one for each contact."""

import re
from dataclasses import dataclass

from hub.domain.ids import ContactId

_CONTACT = re.compile(r"^c-([a-z2-7]{26})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Jids:
    """`bot` and `public` are bare JIDs in `domain`."""

    domain: str
    bot: str
    public: str

    def contact(self, contact_id: str) -> str:
        """`c_abc...` has `c-abc...@domain`: an underscore would do too, but looks like emphasis in many clients."""
        return f"c-{contact_id.partition('_')[2]}@{self.domain}"

    def contact_of(self, jid: str) -> ContactId | None:
        """The contact that a bare JID names, whether or not there is one; None for any other address."""
        local, _, domain = jid.partition("@")
        match = _CONTACT.match(local)
        return ContactId(f"c_{match[1]}") if match and domain == self.domain else None

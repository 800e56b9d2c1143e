"""Addresses of visitors of the web chat: opaque, random, made by us."""

import re

from hub.domain.address import Address
from hub.domain.errors import Invalid

_FORM = re.compile(r"web-[0-9a-f]{32}")


class ChatForm:
    """The address form "chat"."""

    name = "chat"

    def normalise(self, text: str) -> Address:
        """`WEB-0F3A...` becomes `web-0f3a...`. Raises Invalid."""
        normal = text.strip().lower()
        if not _FORM.fullmatch(normal):
            raise Invalid("That is not a visitor of the web chat; they look like web-4f0c… .", address=text[:100])
        return Address(channel=self.name, normal=normal, display=f"Web {normal[4:10].upper()}")


CHAT_FORM = ChatForm()

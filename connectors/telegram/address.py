"""Normal form of Telegram addresses: the numeric id of a user, or (negative) of a group. Names such as @anna may change
hands and cannot be written to by a bot, so that they are only shown."""

import re

from hub.domain.address import Address
from hub.domain.errors import Invalid

_ID = re.compile(r"^-?[1-9][0-9]{0,18}$")
_LINK = re.compile(r"^(?:telegram:|tg://user\?id=|tg:)")


class TelegramForm:
    """The address form "telegram"."""

    name = "telegram"

    def normalise(self, text: str) -> Address:
        """`telegram:123456789` becomes `123456789`. Raises Invalid."""
        written = text.strip()
        number = _LINK.sub("", written)
        if not _ID.match(number):
            raise Invalid(
                "That is not a Telegram address; it is a number such as 123456789. People with only a @name must "
                "write to the bot first.",
                address=written[:100],
            )
        return Address(channel=self.name, normal=number, display=written)

    def name_person(self, number: int, username: str) -> Address:
        """The address of somebody whom Telegram names: the number, shown with the @name. Raises Invalid."""
        address = self.normalise(str(number))
        return Address(channel=self.name, normal=address.normal, display=f"@{username}" if username else "")


TELEGRAM_FORM = TelegramForm()

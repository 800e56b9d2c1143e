"""Configured channels in memory, with one kind to choose; what is wrong is what a test says."""

from collections.abc import Mapping

from hub.domain.errors import ConfigurationInvalid, NotFound
from hub.ports.configuration import KindLine, SettingField


def setting(name: str, form: str = "text", *, required: bool = False, table: str = "") -> SettingField:
    """A setting to ask for."""
    return SettingField(
        name=name,
        description=f"What {name} is.",
        form=form,
        required=required,
        default="",
        choices=(),
        table=table,
        essential=required,
    )


class FakeConfiguration:
    """Implements hub.ports.configuration.Configuration."""

    def __init__(self) -> None:
        self.channels: dict[str, tuple[str, dict[str, str]]] = {}
        self.problems: list[tuple[str, str]] = []

    def kinds(self) -> list[KindLine]:
        fields = (
            setting("jid", required=True),
            setting("password", "secret", required=True),
            setting("staff", "yes-no"),
            setting("imap.host", required=True, table="imap"),
        )
        return [KindLine(name="xmpp", summary="Chat.", fields=fields)]

    async def put_channel(self, name: str, kind: str, values: Mapping[str, str]) -> None:
        if kind != "xmpp":
            raise NotFound("There is no such kind.")
        if self.problems:
            raise ConfigurationInvalid(self.problems)
        self.channels[name] = (kind, dict(values))

    async def remove_channel(self, name: str) -> None:
        if self.channels.pop(name, None) is None:
            raise ConfigurationInvalid([(f"channels.{name}", "there is no such channel in the file")])

"""Outgoing mail as files, for trying Fernamt out where no mail server is at hand: each message is written to a
directory as `.eml`, and nothing leaves the machine. The receipt says so."""

import asyncio
import os
from pathlib import Path

from connectors.email.compose import compose_mail
from connectors.email.settings import EmailSettings
from hub.domain.errors import Invalid, PermanentFailure, TemporaryFailure
from hub.ports.connector import ConnectorContext, Parcel, Receipt


class PickupDirectory:
    """Writes what would be sent. A second attempt of the same item overwrites its file: there is one mail an item."""

    def __init__(self, settings: EmailSettings, context: ConnectorContext) -> None:
        self._settings = settings
        self._directory = context.data_dir / settings.outgoing_directory

    async def send(self, parcel: Parcel) -> Receipt:
        """Durable when it returns. Raises SendErrors."""
        try:
            raw = compose_mail(parcel, from_address=self._settings.address, from_name=self._settings.display_name)
        except Invalid as error:
            raise PermanentFailure(f"The message cannot be written as mail: {error.sentence}") from error
        path = self._directory / f"{parcel.item.id}.eml"
        try:
            await asyncio.to_thread(_write, path, raw)
        except OSError as error:
            raise TemporaryFailure(f"The file {path} cannot be written: {error.strerror}.") from error
        return Receipt(detail=f"written to {path}; no mail server is configured")


def _write(path: Path, raw: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)

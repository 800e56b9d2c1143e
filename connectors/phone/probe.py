"""Testing an exchange step by step, for `fernamt channel test` and the console."""

import asyncio
import contextlib

from connectors.phone.ami import MAX_LINE, AmiStream
from connectors.phone.settings import PhoneSettings
from hub.domain.errors import AuthRejected, Unreachable
from hub.ports.connector import ProbeStep

PROBE_SECONDS = 10.0
LEAST_SECRET = 16


async def probe_exchange(settings: PhoneSettings) -> list[ProbeStep]:
    """The settings, then connection and sign-in where there is one. Never raises."""
    try:
        secret = settings.secret.reveal() if settings.secret is not None else ""
    except ValueError as error:
        return [ProbeStep(title="Settings", ok=False, detail=str(error)[:200], fix="Correct the channel's settings.")]
    if settings.exchange in ("sipgate", "twilio"):
        return [_check_secret(secret)]
    return [ProbeStep(title="Settings", ok=True), *await _connect(settings, secret)]


def _check_secret(secret: str) -> ProbeStep:
    if len(secret) < LEAST_SECRET:
        fix = "Give the channel a secret of at least 16 letters and digits."
        return ProbeStep(title="Settings", ok=False, detail="The secret is too short.", fix=fix)
    return ProbeStep(title="Settings", ok=True, detail="The exchange posts to us; nothing to connect to.")


async def _connect(settings: PhoneSettings, secret: str) -> list[ProbeStep]:
    where = f"{settings.host}:{settings.peer_port}"
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(settings.host, settings.peer_port, limit=MAX_LINE)
    except (OSError, TimeoutError) as error:
        fix = (
            "Dial #96*5* on a telephone of the FRITZ!Box to switch its call monitor on."
            if settings.exchange == "fritzbox"
            else "Check host and port, and that manager.conf has enabled = yes and listens on this address."
        )
        return [ProbeStep(title="Connect", ok=False, detail=f"{where}: {error}"[:200], fix=fix)]
    try:
        if settings.exchange == "fritzbox":
            return [ProbeStep(title="Connect", ok=True, detail=where)]
        async with asyncio.timeout(PROBE_SECONDS):
            await AmiStream(reader, writer).sign_in(settings.username, secret)
        return [ProbeStep(title="Connect", ok=True, detail=where), ProbeStep(title="Sign in", ok=True)]
    except (AuthRejected, Unreachable) as error:
        fix = "Check username and secret, and the permit lines of manager.conf."
        return [ProbeStep(title="Sign in", ok=False, detail=error.sentence, fix=fix)]
    except TimeoutError:
        fix = "Check that the port is the one of Asterisk's manager (usually 5038)."
        return [ProbeStep(title="Sign in", ok=False, detail=f"{where} does not answer.", fix=fix)]
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), 3)

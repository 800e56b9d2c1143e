"""Telling systemd how we are (sd_notify(3)), and measuring how late the event loop runs."""

import asyncio
import os
import socket

from hub.ports.clock import Clock

INTERVAL = 0.5


def notify(state: str) -> None:
    """Send `READY=1`, `STOPPING=1`, `WATCHDOG=1`, ... to systemd; nothing happens where it did not start us."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # abstract socket, as sd_notify(3) says
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.connect(address)
            channel.sendall(state.encode("utf-8"))
    except OSError:
        # systemd is gone or the socket is not ours to use; there is nobody left to tell.
        return


class Watchdog:
    """Measures loop lag and feeds systemd's watchdog at a third of its interval: a loop that hangs feeds nobody."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.lag = 0.0
        """Seconds by which the last half-second sleep overslept."""

    async def run(self) -> None:
        """For ever."""
        limit = float(os.environ.get("WATCHDOG_USEC", "0")) / 1_000_000
        fed = self._clock.monotonic()
        while True:
            started = self._clock.monotonic()
            await asyncio.sleep(INTERVAL)
            now = self._clock.monotonic()
            self.lag = max(0.0, now - started - INTERVAL)
            if limit and now - fed >= limit / 3:
                notify("WATCHDOG=1")
                fed = now

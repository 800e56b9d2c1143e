"""What the driver leaves behind is ended, also what takes no notice at first."""

import asyncio

from structlog.testing import capture_logs

from storage.mongodb.watchers import end_watchers, list_watchers


class AsyncPeriodicExecutor:
    """Stands for the driver's: its task swallows being cancelled so many times."""

    def __init__(self, deaf: int) -> None:
        self.deaf = deaf

    async def _run(self) -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if not self.deaf:
                    raise
                self.deaf -= 1


async def test_watchers_that_take_no_notice_are_cancelled_again() -> None:
    others = list_watchers()
    quick, deaf = (asyncio.create_task(AsyncPeriodicExecutor(deaf)._run()) for deaf in (0, 2))
    await asyncio.sleep(0)
    assert list_watchers() - others == {quick, deaf}
    with capture_logs() as logs:
        await end_watchers(list_watchers() - others)
    assert (quick.cancelled(), deaf.cancelled(), logs) == (True, True, [])


async def test_one_that_never_ends_is_told() -> None:
    task = asyncio.create_task(AsyncPeriodicExecutor(6)._run())
    await asyncio.sleep(0)
    with capture_logs() as logs:
        await end_watchers({task})
    assert [line["event"] for line in logs] == ["mongodb_watchers_stay"]
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    assert task.cancelled()

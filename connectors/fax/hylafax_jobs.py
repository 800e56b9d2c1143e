"""What the server's queues tell of our jobs, as news of our messages. Pure but for its memory."""

from collections.abc import Iterable, Sequence

from connectors.fax.hylafax_session import JobState
from connectors.fax.words import explain, reason_of, say
from hub.domain.message import RecipientStatus

DONE, FAILED, RUNNING = "D", "F", "R"
STATUS = {"busy": "4.4.1", "no-answer": "4.4.1", "no-carrier": "4.4.2", "bad-number": "5.1.2"}
"""RFC 3463: no answer from host, bad connection, bad destination."""
OTHER_STATUS = "4.0.0"


def tag_of(channel: str, message_id: str) -> str:
    """What a job is marked with (JOBINFO)."""
    return f"fernamt:{channel}:{message_id}"


class JobWatch:
    """Remembers what was told of each job of ours, and of which the end was told."""

    def __init__(self, channel: str, language: str, ended: Iterable[str] = ()) -> None:
        self._prefix, self._language = tag_of(channel, ""), language
        self._told: dict[str, JobState] = {}
        self.ended = set(ended)

    def news(self, jobs: Sequence[JobState]) -> list[tuple[JobState, RecipientStatus]]:
        """What is new in this look at the queues. Jobs that the server has forgotten are forgotten here too."""
        ours = {job.id: job for job in jobs if job.tag.startswith(self._prefix)}
        self._told = {key: job for key, job in self._told.items() if key in ours}
        fresh = [job for job in ours.values() if job.id not in self.ended and self._told.get(job.id) != job]
        return [(job, describe(job, self._language)) for job in fresh]

    def message_id(self, job: JobState) -> str:
        """Of the message that it carries."""
        return job.tag.removeprefix(self._prefix)

    def told(self, job: JobState) -> bool:
        """Note that it was; True where that was its end."""
        self._told[job.id] = job
        if job.state not in (DONE, FAILED):
            return False
        self.ended.add(job.id)
        return True

    def forget(self, jobs: Sequence[JobState]) -> None:
        """Ends of jobs that the server does not list any more need not be remembered."""
        self.ended &= {job.id for job in jobs}


def describe(job: JobState, language: str) -> RecipientStatus:
    """A job's state as the fate of its one recipient."""
    progress = say(language, "sent-pages", sent=job.sent, pages=job.pages)
    if job.state == DONE:
        words = say(language, "delivered", progress=progress)
        return RecipientStatus(recipient="", action="delivered", status="", diagnostic=words)
    if job.state == FAILED:
        words = say(language, "failed", why=explain(language, job.words), progress=progress)
        status = STATUS.get(reason_of(job.words), OTHER_STATUS)
        return RecipientStatus(recipient="", action="failed", status=status, diagnostic=words)
    if job.state == RUNNING or not job.words:
        words = say(language, "running", progress=progress) if job.state == RUNNING else progress
    else:
        why = explain(language, job.words)
        words = say(language, "waiting", why=why, dials=job.dials, most=job.most_dials)
    return RecipientStatus(recipient="", action="relayed", status="", diagnostic=words)

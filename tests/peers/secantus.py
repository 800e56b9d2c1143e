"""SecantusDB: a server that speaks MongoDB's wire protocol. Its own program, started as a child, never imported."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.peers.process import LOOPBACK, PeerProcess, free_port, need, private_directory


@dataclass(slots=True)
class Secantus:
    """A running secantusd; its data survive `stop`, SIGKILL and `start`."""

    host: str = LOOPBACK
    port: int = field(default_factory=free_port)
    directory: Path = field(default_factory=lambda: private_directory("secantus"))
    process: PeerProcess = field(init=False)

    def __post_init__(self) -> None:
        program = need("secantusd-py", "(a Python package: pip install SecantusDB)")
        arguments = [program, "--host", self.host, "--port", str(self.port)]
        arguments += ["--storage-path", str(self.directory / "data"), "--sync-on-commit", "--cache-size", "128M"]
        self.process = PeerProcess(arguments, output=self.directory / "out.log")

    @property
    def url(self) -> str:
        return f"mongodb://{self.host}:{self.port}/?directConnection=true"

    def start(self) -> None:
        self.process.start(self.port)

    def stop(self) -> None:
        self.process.stop()

"""clamd: the virus scanner of the tests, with a signature database of our own. The EICAR test string is put together at
run time, so that no scanner takes offence at this file."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers.process import LOOPBACK, PeerProcess, free_port, need, private_directory

EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD" + "-ANTIVIRUS-TEST-FILE!$H+H*"
MARK = b"FERNAMT-TEST-SIGNATURE-7b1f"
MAX_STREAM = 2_000_000


@dataclass(slots=True)
class ClamDaemon:
    """A running clamd on a port and a Unix socket."""

    port: int = field(default_factory=free_port)
    directory: Path = field(default_factory=lambda: private_directory("clamd"))
    process: PeerProcess = field(init=False)

    def __post_init__(self) -> None:
        database = self.directory / "db"
        database.mkdir()
        eicar = EICAR.encode()
        (database / "own.hdb").write_text(f"{hashlib.md5(eicar).hexdigest()}:{len(eicar)}:Eicar-Test\n")
        (database / "own.ndb").write_text(f"Fernamt.Test:0:*:{MARK.hex()}\n")
        config = self.directory / "clamd.conf"
        config.write_text(
            "\n".join(
                [
                    "Foreground yes",
                    f"TCPSocket {self.port}",
                    f"TCPAddr {LOOPBACK}",
                    f"LocalSocket {self.socket}",
                    f"DatabaseDirectory {database}",
                    f"TemporaryDirectory {self.directory}",
                    f"LogFile {self.directory / 'clamd.log'}",
                    "MaxThreads 4",
                    f"StreamMaxLength {MAX_STREAM}",
                    "AlertEncrypted yes",
                    "User root",
                    "",
                ]
            )
        )
        program = need("clamd", "clamav-daemon")
        self.process = PeerProcess([program, "-c", str(config)], output=self.directory / "out.log")

    @property
    def place(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def socket(self) -> Path:
        return self.directory / "clamd.ctl"

    def start(self) -> None:
        self.process.start(self.port)

    def stop(self) -> None:
        self.process.stop()

"""HylaFAX: the fax server of the tests, on a spool of its own. With `modems` it has two software modems (iaxmodem)
that call each other over loopback: real faxes, without telephone line or hardware, in about half a minute each."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers.process import LOOPBACK, PeerProcess, free_port, need, need_root, private_directory

SPOOL = Path("/var/spool/hylafax")
SETTINGS = Path("/etc/hylafax")
USER = "fernamt"
COMMON = """
CountryCode: 49
AreaCode: 30
LongDistancePrefix: 0
InternationalPrefix: 00
DialStringRules: etc/dialrules
ServerTracing: 1
"""
QUEUE = """
LogFacility: daemon
NotifyCmd: bin/true
JobReqOther: 3
JobReqBusy: 3
JobReqNoAnswer: 3
JobReqNoCarrier: 3
JobReqProto: 3
"""
MODEM = """
SessionTracing: 11
RecvFileMode: 0644
LogFileMode: 0644
DeviceMode: 0660
RingsBeforeAnswer: 1
SpeakerVolume: off
GettyArgs: ""
TagLineFormat: ""
MaxRecvPages: 200
ModemType: Class1
ModemResetCmds: AT+VCID=1
Class1AdaptRecvCmd: AT+FAR=1
Class1TMConnectDelay: 400
PagerTTYParity: none
CallIDPattern: "NMBR="
CallIDPattern: "NAME="
CallIDPattern: "ANID="
CallIDPattern: "NDID="
"""


@dataclass(slots=True)
class Hylafax:
    """A running HylaFAX; any user may sign in from this machine. Modem 0 sends, modem 1 answers."""

    modems: int = 0
    host: str = LOOPBACK
    port: int = field(default_factory=free_port)
    directory: Path = field(default_factory=lambda: private_directory("hylafax"))
    lines: tuple[int, int] = field(default_factory=lambda: (free_port(), free_port()))
    queue: PeerProcess = field(init=False)
    server: PeerProcess = field(init=False)
    _modems: list[PeerProcess] = field(default_factory=list)
    _getties: list[PeerProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        need_root("hfaxd")
        hfaxd, faxq = need("hfaxd", "hylafax-server"), need("faxq", "hylafax-server")
        subprocess.run(["cp", "-a", str(SPOOL), str(self.spool)], check=True)
        shutil.rmtree(self.spool / "etc")
        subprocess.run(["cp", "-a", str(SETTINGS), str(self.spool / "etc")], check=True)
        for queue in ("sendq", "doneq", "docq", "pollq", "recvq", "status"):
            for left in (self.spool / queue).iterdir():
                left.unlink()
        cache = self.spool / "etc" / "setup.cache"
        kept = [line for line in cache.read_text().splitlines() if not line.startswith("SPOOL=")]
        cache.write_text("\n".join([*kept, f"SPOOL='{self.spool}'", ""]))
        self.permit("localhost:21::\n127.0.0.1:21::\n")
        (self.spool / "etc" / "config").write_text(COMMON + QUEUE)
        self.queue = PeerProcess([faxq, "-D", "-q", str(self.spool)], output=self.directory / "faxq.log")
        arguments = [hfaxd, "-d", "-q", str(self.spool), "-l", self.host, "-i", str(self.port)]
        self.server = PeerProcess(arguments, output=self.directory / "hfaxd.log")
        for number in range(self.modems):
            self._prepare_modem(number)

    @property
    def spool(self) -> Path:
        return self.directory / "spool"

    def permit(self, rules: str) -> None:
        """Who may sign in (hosts.hfaxd(5))."""
        path = self.spool / "etc" / "hosts.hfaxd"
        path.write_text(rules)
        shutil.chown(path, "uucp", "uucp")
        path.chmod(0o600)

    def modem(self, number: int) -> str:
        """Its name: that of its device, which lies under /dev for all."""
        return f"hub{os.getpid() % 100_000}x{self.lines[0]}m{number}"

    def _prepare_modem(self, number: int) -> None:
        name, other = self.modem(number), 1 - number
        own = f'FAXNumber: "+49.30.000000{number}"\nLocalIdentifier: "HubFax{number}"\n'
        (self.spool / "etc" / f"config.{name}").write_text(COMMON + own + MODEM)
        folder = self.directory / "iax"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(
            f"device /dev/{name}\nowner uucp:uucp\nmode 660\nport {self.lines[number]}\nrefresh 0\n"
            f"server {LOOPBACK}:{self.lines[other]}\npeername fax{number}\nsecret x\ncidname Fax{number}\n"
            f"cidnumber 4930000000{number}\ncodec slinear\nnodaemon\n"
        )
        # The name is looked for under /etc/iaxmodem.
        program = need("iaxmodem", "iaxmodem")
        self._modems.append(
            PeerProcess([program, f"../..{folder}/{name}"], output=self.directory / f"iaxmodem{number}.log")
        )
        getty = need("faxgetty", "hylafax-server")
        self._getties.append(
            PeerProcess([getty, "-q", str(self.spool), name], output=self.directory / f"faxgetty{number}.log")
        )

    def start(self) -> None:
        for modem in self._modems:
            modem.start()
        for number in range(self.modems):
            _await(lambda number=number: Path(f"/dev/{self.modem(number)}").exists(), "iaxmodem makes no device")  # type: ignore[misc]
        self.queue.start()
        self.server.start(self.port)
        for getty in self._getties:
            getty.start()
        for number in range(self.modems):
            status = self.spool / "status" / self.modem(number)
            _await(lambda status=status: "idle" in _read(status), "a modem does not get ready")  # type: ignore[misc]

    def stop(self) -> None:
        for process in (*self._getties, self.server, self.queue, *self._modems):
            process.stop()

    def receive(self, tiff: bytes, name: str = "fax000000001.tif") -> Path:
        """Lay a file into recvq, as faxgetty does with what came."""
        path = self.spool / "recvq" / name
        path.write_bytes(tiff)
        path.chmod(0o644)
        shutil.chown(path, "uucp", "uucp")
        return path


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _await(ready, complaint: str, seconds: float = 60) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.05)

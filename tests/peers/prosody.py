"""Prosody: the XMPP server of the tests, with archive, carbons, stream management and file upload."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers.certificates import Certificates
from tests.peers.process import LOOPBACK, PeerProcess, free_port, need, private_directory

DOMAIN = "hub.test"
OTHER_DOMAIN = "other.test"
CRM_DOMAIN = "crm.hub.test"
SECRET = "s3cret"
ACCOUNTS = ("bot", "alice", "carol")


@dataclass(slots=True)
class Prosody:
    """A running Prosody. Every account's password is `pw-` and its name."""

    certificates: Certificates
    domain: str = DOMAIN
    host: str = LOOPBACK
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    component_port: int = field(default_factory=free_port)
    directory: Path = field(default_factory=lambda: private_directory("prosody"))
    process: PeerProcess = field(init=False)
    _registered: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        (self.directory / "data").mkdir()
        (self.directory / "certs").mkdir()
        self._config.write_text(self._configuration())
        program = need("prosody", "prosody lua-event lua-unbound")
        self.process = PeerProcess([program, "--config", str(self._config), "-F"], output=self.directory / "out.log")

    @property
    def _config(self) -> Path:
        return self.directory / "prosody.cfg.lua"

    def jid(self, user: str) -> str:
        return f"{user}@{self.domain}"

    @staticmethod
    def password(user: str) -> str:
        return f"pw-{user}"

    def register(self, user: str, domain: str = DOMAIN) -> str:
        """Make the account unless it exists; works while Prosody runs. Returns its JID."""
        jid = f"{user}@{domain}"
        if jid not in self._registered:
            control = need("prosodyctl", "prosody")
            subprocess.run(
                [control, "--root", "--config", str(self._config), "register", user, domain, self.password(user)],
                check=True,
                capture_output=True,
            )
            self._registered.add(jid)
        return jid

    def register_many(self, users: list[str]) -> None:
        """Write the accounts as plain files that Prosody hashes at the first login: 50 accounts cost nothing."""
        folder = self.directory / "data" / self.domain.replace(".", "%2e") / "accounts"
        folder.mkdir(parents=True, exist_ok=True)
        for user in users:
            (folder / f"{user}.dat").write_text(f'return {{ ["password"] = "{self.password(user)}" }};\n')
            self._registered.add(self.jid(user))

    def start(self) -> None:
        self.process.start(self.port, self.tls_port, self.component_port)

    def stop(self) -> None:
        self.process.stop()

    def _configuration(self) -> str:
        # mod_limits is left out on purpose: it throttles clients to 10 kB/s.
        return f"""
run_as_root = true
pidfile = "{self.directory}/prosody.pid"
data_path = "{self.directory}/data"
log = {{ info = "*console" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {self.port} }}
c2s_direct_tls_ports = {{ {self.tls_port} }}
component_ports = {{ {self.component_port} }}
component_interfaces = {{ "127.0.0.1" }}
http_ports = {{ {self.http_port} }}
http_interfaces = {{ "127.0.0.1" }}
https_ports = {{ }}
s2s_ports = {{ }}
modules_disabled = {{ "s2s" }}
modules_enabled = {{
  "roster"; "saslauth"; "tls"; "disco"; "posix"; "ping"; "time"; "version"; "pep"; "carbons"; "mam"; "smacks";
  "csi_simple"; "blocklist"; "vcard4"; "vcard_legacy"; "private"; "register"; "admin_socket"; "admin_shell";
}}
admin_socket = "{self.directory}/admin.sock"
allow_registration = true
authentication = "internal_hashed"
c2s_require_encryption = false
allow_unencrypted_plain_auth = false
storage = "internal"
archive_expires_after = "1d"
smacks_hibernation_time = 60
tcp_keepalives = true
ssl = {{ certificate = "{self.certificates.certificate}"; key = "{self.certificates.key}" }}
http_default_host = "localhost"
http_external_url = "http://localhost:{self.http_port}/"

VirtualHost "{self.domain}"
  http_host = "localhost"
  disco_items = {{ {{ "conference.{self.domain}", "rooms" }}; {{ "upload.{self.domain}", "files" }} }}

VirtualHost "{OTHER_DOMAIN}"

Component "conference.{self.domain}" "muc"
  modules_enabled = {{ "muc_mam" }}
  restrict_room_creation = false
  muc_log_by_default = true

Component "upload.{self.domain}" "http_file_share"
  http_host = "localhost"
  http_file_share_size_limit = 2*1024*1024
  http_file_share_access = {{ "{self.domain}", "{CRM_DOMAIN}" }}

Component "{CRM_DOMAIN}"
  component_secret = "{SECRET}"
"""

"""Dovecot: IMAP (with STARTTLS and with TLS), LMTP, and SASL for Postfix."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.peers.certificates import Certificates
from tests.peers.process import LOOPBACK, PeerProcess, free_port, need, need_root, private_directory


@dataclass(slots=True)
class Dovecot:
    """A running Dovecot. Users are whole addresses; every user's password is `pw-` and the part before the `@`."""

    certificates: Certificates
    host: str = "localhost"
    imap_port: int = field(default_factory=free_port)
    imaps_port: int = field(default_factory=free_port)
    lmtp_port: int = field(default_factory=free_port)
    sasl_port: int = field(default_factory=free_port)
    directory: Path = field(default_factory=lambda: private_directory("dovecot"))
    process: PeerProcess = field(init=False)

    def __post_init__(self) -> None:
        need_root("dovecot")
        config = self.directory / "dovecot.conf"
        config.write_text(self._configuration())
        mail = self.directory / "mail"
        mail.mkdir()
        mail.chmod(0o777)
        (self.directory / "users").mkdir()
        program = need("dovecot", "dovecot-imapd dovecot-lmtpd")
        self.process = PeerProcess([program, "-F", "-c", str(config)], output=self.directory / "out.log")

    @staticmethod
    def password(user: str) -> str:
        return f"pw-{user.partition('@')[0]}"

    def register(self, user: str, password: str = "") -> str:
        """Make the account; the running server knows it at once. Returns the user. One file each: Dovecot looks at most
        once a second whether a file has changed."""
        entry = self.directory / "users" / user.lower()
        entry.write_text(f"{user.lower()}:{password or self.password(user)}\n")
        return user

    def maildir(self, user: str, folder: str = "INBOX") -> Path:
        """Where the user's folder lies, to look at what the server really holds."""
        home = self.directory / "mail" / user.lower() / "Maildir"
        return home if folder == "INBOX" else home / f".{folder.replace('/', '.')}"

    def start(self) -> None:
        self.process.start(self.imap_port, self.imaps_port, self.lmtp_port, self.sasl_port)

    def stop(self) -> None:
        self.process.stop()

    def _configuration(self) -> str:
        base = self.directory
        return f"""
base_dir = {base}/base
state_dir = {base}/state
instance_name = fernamt-test
log_path = {base}/dovecot.log
protocols = imap lmtp
listen = {LOOPBACK}
ssl = yes
ssl_cert = <{self.certificates.certificate}
ssl_key = <{self.certificates.key}
ssl_dh =
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_cache_size = 0
mail_fsync = never
default_internal_user = dovecot
default_login_user = dovenull
default_internal_group = dovecot
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_max_userip_connections = 200
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%Lu {base}/users/%Lu
}}
userdb {{
  driver = static
  args = uid=8 gid=8 home={base}/mail/%Lu
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    special_use = \\Drafts
    auto = subscribe
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = create
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {self.imap_port}
  }}
  inet_listener imaps {{
    port = {self.imaps_port}
    ssl = yes
  }}
  chroot =
}}
service lmtp {{
  inet_listener lmtp {{
    address = {LOOPBACK}
    port = {self.lmtp_port}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service auth {{
  inet_listener {{
    address = {LOOPBACK}
    port = {self.sasl_port}
  }}
  chroot =
}}
protocol imap {{
  imap_idle_notify_interval = 30s
  mail_max_userip_connections = 200
}}
lmtp_save_to_detail_mailbox = no
postmaster_address = postmaster@hub.test
"""

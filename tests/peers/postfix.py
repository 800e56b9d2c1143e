"""Postfix: a mail server before the hub, and the submission server through which the hub sends."""

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers.certificates import Certificates
from tests.peers.dovecot import Dovecot
from tests.peers.process import LOOPBACK, PeerProcess, free_port, need, need_root, private_directory

_SERVICES = """
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
lmtp      unix  - - n - - lmtp
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""

_REFUSED = "{ refused@box.test = 550 5.1.1 No such customer }, { later@box.test = 450 4.2.0 Come again later }"


@dataclass(slots=True)
class Postfix:
    """A running Postfix. Mail for `hub.test` goes by LMTP to `hub_lmtp_port`, for `smtp.test` by SMTP to
    `hub_smtp_port` (a test listens there), for `box.test` to Dovecot, for anything else by SMTP to `out_port`.
    It refuses refused@box.test for good and later@box.test for now. Submission (STARTTLS) and submissions (TLS) ask
    Dovecot for the password."""

    certificates: Certificates
    dovecot: Dovecot
    host: str = "localhost"
    smtp_port: int = field(default_factory=free_port)
    submission_port: int = field(default_factory=free_port)
    submissions_port: int = field(default_factory=free_port)
    hub_lmtp_port: int = field(default_factory=free_port)
    hub_smtp_port: int = field(default_factory=free_port)
    out_port: int = field(default_factory=free_port)
    directory: Path = field(default_factory=lambda: private_directory("postfix"))
    process: PeerProcess = field(init=False)

    def __post_init__(self) -> None:
        need_root("postfix")
        program = need("postfix", "postfix")
        for name in ("etc", "queue", "data"):
            (self.directory / name).mkdir()
        subprocess.run(["chown", "postfix", str(self.directory / "data")], check=True)
        (self._etc / "main.cf").write_text(self._main())
        (self._etc / "master.cf").write_text(self._master())
        self.process = PeerProcess([program, "-c", str(self._etc), "start-fg"], output=self.directory / "out.log")

    @property
    def _etc(self) -> Path:
        return self.directory / "etc"

    @property
    def log(self) -> str:
        """Everything it logged so far."""
        path = self.directory / "maillog"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        self.process.start(self.smtp_port, self.submission_port, self.submissions_port)

    def flush(self) -> None:
        """Try what is deferred now."""
        subprocess.run([need("postqueue", "postfix"), "-c", str(self._etc), "-f"], check=True, capture_output=True)

    def clear(self) -> None:
        """Throw the queue away, so that one test's mail does not reach the next."""
        subprocess.run([need("postsuper", "postfix"), "-c", str(self._etc), "-d", "ALL"], capture_output=True)

    def stop(self) -> None:
        """`postfix stop` first: its children leave the process group that we could signal."""
        if self.process.running:
            subprocess.run([need("postfix", "postfix"), "-c", str(self._etc), "stop"], capture_output=True)
            deadline = time.monotonic() + 5
            while self.process.running and time.monotonic() < deadline:
                time.sleep(0.02)
        self.process.stop()

    def _master(self) -> str:
        auth = "  -o smtpd_client_restrictions=permit_sasl_authenticated,reject\n"
        return (
            f"{LOOPBACK}:{self.smtp_port} inet n - n - - smtpd\n"
            f"{LOOPBACK}:{self.submission_port} inet n - n - - smtpd\n"
            f"  -o smtpd_tls_security_level=encrypt\n{auth}"
            f"{LOOPBACK}:{self.submissions_port} inet n - n - - smtpd\n"
            f"  -o smtpd_tls_wrappermode=yes\n{auth}" + _SERVICES.lstrip()
        )

    def _main(self) -> str:
        base = self.directory
        routes = (
            f"hub.test=lmtp:inet:{LOOPBACK}:{self.hub_lmtp_port}, "
            f"smtp.test=smtp:[{LOOPBACK}]:{self.hub_smtp_port}, "
            f"box.test=lmtp:inet:{LOOPBACK}:{self.dovecot.lmtp_port}"
        )
        return f"""
compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.hub.test
mydomain = hub.test
myorigin = hub.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
lmtp_dns_support_level = disabled
smtp_host_lookup = native
alias_maps =
alias_database =
relayhost = [{LOOPBACK}]:{self.out_port}
relay_domains = hub.test, smtp.test, box.test
transport_maps = inline:{{ {routes} }}
relay_recipient_maps =
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{{ {_REFUSED} }}
smtpd_tls_cert_file = {self.certificates.certificate}
smtpd_tls_key_file = {self.certificates.key}
smtpd_tls_security_level = may
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:{LOOPBACK}:{self.dovecot.sasl_port}
smtpd_sasl_auth_enable = yes
smtpd_tls_auth_only = yes
smtpd_forbid_bare_newline = no
smtp_tls_security_level = may
maillog_file = {base}/maillog
maillog_file_prefixes = {base.parent}
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
maximal_queue_lifetime = 60s
bounce_queue_lifetime = 60s
message_size_limit = 52428800
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
default_destination_concurrency_limit = 10
address_verify_map =
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
"""

"""Making a slixmpp client with our settings: TLS by default, certificates checked, acknowledgements in our hands."""

import socket
import ssl

from slixmpp import ClientXMPP

from config.fields import TlsMode
from connectors.xmpp.settings import XmppSettings
from hub.domain.errors import Misconfigured

PLUGINS = ("xep_0030", "xep_0115", "xep_0184", "xep_0198", "xep_0199", "xep_0203", "xep_0297", "xep_0313", "xep_0359")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class PromptClient(ClientXMPP):
    """Acknowledges at once what the server sends. Servers leave Nagle's algorithm on (RFC 896): a small stanza waits
    there until the one before it is acknowledged, and the kernel's delayed acknowledgement makes that 40 ms."""

    def data_received(self, data: bytes | str) -> None:
        quick = getattr(socket, "TCP_QUICKACK", None)  # Linux; to be set again after every read (tcp(7))
        handle = self.transport.get_extra_info("socket") if self.transport is not None else None
        if quick is not None and handle is not None:
            handle.setsockopt(socket.IPPROTO_TCP, quick, 1)
        super().data_received(data)


def secure_context(settings: XmppSettings) -> ssl.SSLContext | None:
    """The TLS context, or None without TLS. Raises Misconfigured."""
    if settings.tls is TlsMode.NONE:
        if settings.host not in LOOPBACK:
            raise Misconfigured('tls = "none" is allowed for a server on this machine only (host = "127.0.0.1").')
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file or None)
    except OSError as error:
        raise Misconfigured(f"The file ca_file = {settings.ca_file!r} cannot be read: {error.strerror}.") from error


def open_client(settings: XmppSettings, context: ssl.SSLContext | None, resource: str = "fernamt") -> ClientXMPP:
    """A client that has not connected yet. To be called inside the running loop."""
    jid = settings.jid if "/" in settings.jid else f"{settings.jid}/{resource}"
    plugins = {
        # Receipts are ours to send, after the message is kept; never automatic (XEP-0184).
        "xep_0184": {"auto_ack": False, "auto_request": False},
        # Resuming would hand the unacknowledged queue to a session that no longer exists: one run is one session.
        "xep_0198": {"allow_resume": False, "window": 50},
        "xep_0199": {"keepalive": True, "interval": 60, "timeout": 20},
        "feature_mechanisms": {"unencrypted_scram": settings.tls is TlsMode.NONE},
    }
    client = PromptClient(jid, settings.password.reveal(), plugin_config=plugins, ssl_context=context)
    client.enable_direct_tls = settings.tls is TlsMode.IMPLICIT
    client.enable_starttls = settings.tls is TlsMode.STARTTLS
    client.enable_plaintext = settings.tls is TlsMode.NONE
    client.whitespace_keepalive_interval = 60
    for plugin in PLUGINS:
        client.register_plugin(plugin)
    return client

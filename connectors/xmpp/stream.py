"""Making slixmpp's streams with our settings: TLS by default, certificates checked, acknowledgements in our hands."""

import secrets
import socket
import ssl
from typing import Any

from slixmpp import ClientXMPP, ComponentXMPP

from config.fields import TlsMode
from connectors.xmpp.settings import XmppSettings
from hub.domain.errors import Misconfigured

SHARED = (
    "xep_0004",  # data forms
    "xep_0030",  # service discovery
    "xep_0050",  # ad-hoc commands
    "xep_0066",  # out-of-band addresses
    "xep_0085",  # chat states
    "xep_0172",  # nicknames
    "xep_0184",  # receipts
    "xep_0199",  # ping
    "xep_0203",  # delayed delivery
    "xep_0333",  # markers
    "xep_0359",  # ids
    "xep_0363",  # upload
)
CLIENT_ONLY = ("xep_0115", "xep_0191", "xep_0198", "xep_0280", "xep_0297", "xep_0313")
COMPONENT_ONLY = ("xep_0297", "xep_0356")
FEATURES = (
    "urn:xmpp:receipts",
    "urn:xmpp:chat-markers:0",
    "http://jabber.org/protocol/chatstates",
    "urn:xmpp:message-correct:0",
    "urn:xmpp:reactions:0",
    "urn:xmpp:reply:0",
    "urn:xmpp:message-retract:1",
    "jabber:x:oob",
    "urn:xmpp:sid:0",
)
"""What we understand beyond what the plugins announce by themselves (XEP-0030 §3)."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
PLUGINS: dict[str, dict[str, Any]] = {
    # It would keep whatever anybody says of themselves.
    "xep_0030": {"use_cache": False},
    # Receipts are ours to send, after the message is kept; never automatic (XEP-0184).
    "xep_0184": {"auto_ack": False, "auto_request": False},
    # Not resumed: one run is one session (docs/decisions/15-xmpp-sessions-are-not-resumed.md).
    "xep_0198": {"allow_resume": False, "window": 50},
    "xep_0199": {"keepalive": True, "interval": 60, "timeout": 20},
}


def _acknowledge_quickly(stream: Any) -> None:
    """Servers leave Nagle's algorithm on (RFC 896): a small stanza waits there until the one before it is acknowledged,
    and the kernel's delayed acknowledgement makes that 40 ms."""
    quick = getattr(socket, "TCP_QUICKACK", None)  # Linux; to be set again after every read (tcp(7))
    handle = stream.transport.get_extra_info("socket") if stream.transport is not None else None
    if quick is not None and handle is not None:
        handle.setsockopt(socket.IPPROTO_TCP, quick, 1)


class PromptClient(ClientXMPP):
    """A client that acknowledges at once what the server sends."""

    def data_received(self, data: bytes | str) -> None:
        _acknowledge_quickly(self)
        super().data_received(data)


class PromptComponent(ComponentXMPP):
    """A component likewise, whose presence is ours to handle: slixmpp would keep a roster entry for every pair of
    addresses that anybody ever names."""

    def data_received(self, data: bytes | str) -> None:
        _acknowledge_quickly(self)
        super().data_received(data)

    def _handle_presence(self, presence: Any) -> None:
        self.event("any_presence", presence)


def secure_context(settings: XmppSettings) -> ssl.SSLContext | None:
    """The TLS context, or None without TLS. Raises Misconfigured."""
    plain = settings.tls is TlsMode.NONE or (settings.is_component and settings.tls is not TlsMode.IMPLICIT)
    if plain and settings.host not in LOOPBACK:
        if settings.is_component:
            # XEP-0114 knows no STARTTLS; its handshake only proves the secret.
            raise Misconfigured(
                'A component speaks without TLS to a server on this machine only; set tls = "implicit".'
            )
        raise Misconfigured('tls = "none" is allowed for a server on this machine only (host = "127.0.0.1").')
    if plain and not settings.ca_file:
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file or None)
    except OSError as error:
        raise Misconfigured(f"The file ca_file = {settings.ca_file!r} cannot be read: {error.strerror}.") from error


def open_client(settings: XmppSettings, context: ssl.SSLContext | None, resource: str = "fernamt") -> ClientXMPP:
    """A client that has not connected yet. To be called inside the running loop."""
    jid = settings.jid if "/" in settings.jid else f"{settings.jid}/{resource}"
    plugins = PLUGINS | {"feature_mechanisms": {"unencrypted_scram": settings.tls is TlsMode.NONE}}
    client = PromptClient(jid, settings.password.reveal(), plugin_config=plugins, ssl_context=context)
    client.enable_direct_tls = settings.tls is TlsMode.IMPLICIT
    client.enable_starttls = settings.tls is TlsMode.STARTTLS
    client.enable_plaintext = settings.tls is TlsMode.NONE
    client.whitespace_keepalive_interval = 60
    _register(client, (*SHARED, *CLIENT_ONLY), settings)
    return client


def open_component(settings: XmppSettings, context: ssl.SSLContext | None) -> ComponentXMPP:
    """A component (XEP-0114) that has not connected yet. To be called inside the running loop."""
    component = PromptComponent(  # type: ignore[no-untyped-call]
        settings.domain, settings.password.reveal(), settings.host, settings.server_port, plugin_config=dict(PLUGINS)
    )
    if settings.tls is TlsMode.IMPLICIT:
        component.enable_direct_tls, component.enable_plaintext = True, False
        if context is not None:
            component.ssl_context = context
    else:
        component.enable_direct_tls = False
    component.whitespace_keepalive_interval = 60
    _register(component, (*SHARED, *COMPONENT_ONLY), settings)
    return component


def _register(stream: Any, plugins: tuple[str, ...], settings: XmppSettings) -> None:
    for plugin in plugins:
        stream.register_plugin(plugin)
    if settings.upload:
        stream.plugin["xep_0363"].upload_service = settings.upload
    # A session of a form is known by its id alone, so the id must not be guessable (XEP-0050 §3.3).
    stream.plugin["xep_0050"].new_session = lambda: secrets.token_hex(16)

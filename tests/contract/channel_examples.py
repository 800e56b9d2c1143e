"""Settings by which the contract suite makes a connector of each kind, and addresses of its people. The peers that they
name are on this machine and not there."""

from typing import Any

SECRET = "secret-of-the-test"
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "email": [
        {"listen": "127.0.0.1:0", "address": "info@hub.example"},
        {
            "address": "info@hub.example",
            "submission": {"host": "127.0.0.1", "port": 9, "tls": "none", "user": "info", "password": SECRET},
            "imap": {"host": "127.0.0.1", "port": 9, "tls": "none", "user": "info", "password": SECRET},
        },
    ],
    "xmpp": [
        {"jid": "hub@hub.example", "password": SECRET, "host": "127.0.0.1", "port": 9, "tls": "none"},
        {
            "mode": "component",
            "jid": "hub@crm.example",
            "password": SECRET,
            "host": "127.0.0.1",
            "port": 9,
        },
    ],
    "fax": [
        {"number": "+492211234568", "hylafax": {"port": 9, "timeout": 1}},
        {
            "gateway": "mail",
            "number": "+492211234568",
            "mail": {
                "recipient": "{number}@fax.example",
                "sender": "info@hub.example",
                "host": "127.0.0.1",
                "port": 9,
                "tls": "none",
                "user": "info",
                "password": SECRET,
            },
        },
        {
            "gateway": "telnyx",
            "number": "+492211234568",
            "telnyx": {
                "api_key": SECRET,
                "connection_id": "1293384261075731499",
                "public_key": "A" * 43 + "=",
                "public_url": "https://hub.example/in/test",
                "api_url": "http://127.0.0.1:9/v2",
            },
        },
    ],
    "shop": [
        {"system": "generic", "secrets": SECRET, "mapping": {"order": "id", "total": "total"}},
        *(
            {
                "system": system,
                "secrets": [SECRET],
                "api": {"url": "http://127.0.0.1:9", "key": "key", "secret": SECRET},
            }
            for system in ("shopify", "woocommerce", "shopware", "stripe")
        ),
    ],
    "telegram": [
        {"token": f"123456:{SECRET}", "api_base": "http://127.0.0.1:9"},
        {
            "token": f"123456:{SECRET}",
            "api_base": "http://127.0.0.1:9",
            "mode": "webhook",
            "webhook_url": "https://hub.example/in/telegram/",
            "webhook_secret": SECRET,
        },
    ],
    "phone": [
        {"exchange": "fritzbox", "host": "127.0.0.1", "port": 9},
        {
            "exchange": "asterisk",
            "host": "127.0.0.1",
            "port": 9,
            "username": "fernamt",
            "secret": SECRET,
            "trunks": ["PJSIP/provider"],
        },
        {"exchange": "sipgate", "secret": SECRET, "lines": {"20": "anna"}},
        {"exchange": "twilio", "secret": SECRET, "numbers": ["+492219876543"], "forward_to": ["+491711234567"]},
    ],
    "chat": [{"origins": ["https://www.example.org"]}],
}
"""By kind: at least one for each way in which the kind connects."""

ADDRESSES: dict[str, list[str]] = {
    "email": ["Petra.Mueller@Carpenter.Example", "info@xn--mller-kva.example"],
    "fax": ["0221 / 123 45 67", "+49 30 1234567", "anonymous-0123456789ab"],
    "shop": ["northwind:4711", "northwind:cus_NffrFeUfNV2Hib"],
    "telegram": ["4711", "telegram:-1001234567890"],
    "xmpp": ["Petra@Carpenter.Example/phone", "petra@carpenter.example"],
    "phone": ["0221 / 123 45 67", "+49 171 1234567"],
    "chat": ["WEB-0123456789abcdef0123456789abcdef"],
}
"""By kind: as people write them; the first can be written to."""

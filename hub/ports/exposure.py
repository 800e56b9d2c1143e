"""Which hosts a file named by a stranger may be fetched from: none that is only reachable from where the hub stands.
Pure; for connectors, whoever does the fetching (see connectors/fetch)."""

import ipaddress

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether the IP address (as text) lies in the public internet: not this machine, not a private, shared,
    link-local, multicast, documentation or otherwise reserved network, also where IPv6 only wraps an IPv4 address.
    False for what is no IP address."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    # `is_global` alone lets multicast through, and Python before 3.13 some reserved blocks.
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback)

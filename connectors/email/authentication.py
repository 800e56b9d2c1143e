"""How well the sender of a mail is proven.

Only an Authentication-Results field (RFC 8601) of our own authserv-id counts, and of those only the ones that stand
together at the top: what stands below another server's results, or below a further hop, came from outside. RFC 8601 §5
asks the border server to remove forged fields of its own name; the configuration says so where it asks for the name.
"""

import re

from connectors.email.header import Headers
from hub.domain.message import Envelope, Strength

_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*+\)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"')
_DMARC = re.compile(r"dmarc\s*=\s*([a-z]+)\b")
_HEADER_FROM = re.compile(r"\bheader\.from\s*=\s*([^\s;]+)")


def judge_strength(headers: Headers, envelope: Envelope, *, sender: str, authserv_id: str) -> Strength:
    """`sender`: the normal form of the one From address, '' where there is none or more than one."""
    if not sender or headers.count("from") != 1:
        return Strength.CLAIMED
    if envelope.authenticated and envelope.sender.strip("<> ").lower() == sender:
        return Strength.AUTHENTICATED
    domain = sender.rpartition("@")[2]
    if authserv_id and _dmarc_passed(headers, _ascii(domain), authserv_id.lower()):
        return Strength.AUTHENTICATED
    return Strength.CLAIMED


def _dmarc_passed(headers: Headers, domain: str, authserv_id: str) -> bool:
    verdicts = [verdict for results in _own_results(headers, authserv_id) for verdict in _dmarc_verdicts(results)]
    # One that failed outweighs one that passed: two verdicts of one server mean that one is forged.
    return bool(verdicts) and all(verdict == ("pass", domain) for verdict in verdicts)


def _own_results(headers: Headers, authserv_id: str) -> list[str]:
    """The topmost fields that name us, up to the next trace field or the first results of somebody else."""
    fields = headers.every("authentication-results", 20)
    own: list[str] = []
    taken = 0
    for name in headers.order:
        if name == "received" and own:
            break
        if name != "authentication-results":
            continue
        if taken >= len(fields):
            break
        results = _plain(fields[taken])
        taken += 1
        if _names(results, authserv_id):
            own.append(results)
        else:
            break
    return own


def _plain(field: str) -> str:
    """Without comments and quoted strings, in which a sender's own words may stand."""
    text = _QUOTED.sub('""', field)
    for _ in range(5):
        without = _COMMENT.sub(" ", text)
        if without == text:
            break
        text = without
    return text.lower()


def _names(results: str, authserv_id: str) -> bool:
    """RFC 8601 §2.2: the identifier, perhaps a version, then a semicolon."""
    words = results.partition(";")[0].split()
    return bool(words) and words[0] == authserv_id


def _dmarc_verdicts(results: str) -> list[tuple[str, str]]:
    verdicts = []
    for clause in results.split(";")[1:51]:
        method = _DMARC.match(clause.strip())
        if method is not None:
            header_from = _HEADER_FROM.search(clause)
            verdicts.append((method[1], _ascii(header_from[1].rstrip(".")) if header_from else ""))
    return verdicts


def _ascii(domain: str) -> str:
    """The domain in ASCII, as most servers write it."""
    if domain.isascii():
        return domain
    import idna

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain

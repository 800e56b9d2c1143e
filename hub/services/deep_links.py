"""Links that open a chat on a channel and hand us a code."""

from hub.ports.connector import Accounts, OpensByLink

STAFF_PAYLOAD, CONTACT_PAYLOAD = "link_", "c_"


def find_links(accounts: Accounts, payload: str, *, staff: bool = False) -> tuple[tuple[str, str], ...]:
    """Channel name and link, for each channel that can be opened by one now; for colleagues only where they may talk to
    the bot."""
    found = []
    for account in accounts.all():
        connector: object = accounts.connector(account.name)
        if isinstance(connector, OpensByLink) and (account.carries_staff or not staff):
            found.append((account.name, connector.link_for(payload)))
    return tuple([(name, link) for name, link in found if link])

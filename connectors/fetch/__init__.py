"""Fetching files that a message only names. A leaf that connectors share: it imports none of them."""

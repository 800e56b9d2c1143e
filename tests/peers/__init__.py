"""Real servers for the tests, each a session-scoped fixture that starts on first use (see fixtures.py)."""

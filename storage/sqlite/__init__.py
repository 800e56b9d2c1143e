"""The embedded engine: SQLite in the process, one writer thread with group commit, a few reader threads."""

from storage.sqlite.engine import SqliteStore, open_sqlite

__all__ = ["SqliteStore", "open_sqlite"]

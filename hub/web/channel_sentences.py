"""Sentences of channels and of the store."""

CHANNEL_SENTENCES: tuple[str, ...] = ()

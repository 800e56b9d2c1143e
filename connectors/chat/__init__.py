"""The web chat: a small widget on the company's own pages, whose visitors reach the same bot and the same people."""

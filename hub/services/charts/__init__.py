"""Charts drawn: as SVG for pages, as PNG for chat and mail. Both from one geometry."""

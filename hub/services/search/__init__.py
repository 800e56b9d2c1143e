"""Search: what goes into the index, and finding it again."""

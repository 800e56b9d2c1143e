"""Documents: what came or went as a file, read, checked, found, shared."""

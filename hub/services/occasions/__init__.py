"""Company events and campaigns."""

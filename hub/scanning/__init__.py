"""The virus check's client."""

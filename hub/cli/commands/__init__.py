"""Client commands: each is a few lines over the API."""

"""Heavy work on files, in a process of its own (`python -m hub.renderer`)."""

"""Telephone numbers: for now only their address form."""

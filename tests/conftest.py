"""Fixtures for every test."""

pytest_plugins = ["tests.peers.fixtures"]

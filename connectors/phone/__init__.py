"""Telephone exchanges: who rings, and what became of each call."""

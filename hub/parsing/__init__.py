"""Parsing of arrivals, in the process or beside it."""

"""Calendars: booking, recurrence, free times, calendar files."""

"""The bot that colleagues talk to."""

from bots.staff.staff import Staff, StaffSettings

__all__ = ["Staff", "StaffSettings"]

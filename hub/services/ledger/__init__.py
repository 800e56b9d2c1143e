"""The ledger: posting rules, the stream of an account and its fold, import, statements, payment reminders."""

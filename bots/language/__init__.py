"""What the bots know of languages: one folder of data for each, and the engine that reads it."""

"""Console, API and health pages: one aiohttp application over the verbs."""

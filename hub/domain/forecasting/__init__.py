"""Forecasts of regular series (messages a day, revenue a month): pure, standard library only."""

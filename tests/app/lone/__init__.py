"""Timers over whoever is alone in a home."""

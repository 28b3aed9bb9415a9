"""Doors of the desk, whose screens show many features at once."""

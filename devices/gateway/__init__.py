"""Watches, trackers and alarm diallers over TCP and UDP: framing, sessions, answers and orders; knows no database.

`protocols` holds one module for each protocol; `server.Gateway` carries them.
"""

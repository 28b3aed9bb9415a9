"""Telephone calls: what the switchboard tells us, who that is, and whom we asked it to dial."""

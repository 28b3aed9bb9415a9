"""Who may come in and what they may see: logins, roles, areas, the log of what was unmasked."""

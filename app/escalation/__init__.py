"""Who is called in which order when an elder calls for help: the escalation tree of each elder, as data."""

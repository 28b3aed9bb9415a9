"""What happens at the door: raw events, task results, corrections beside them, and when a visit counts."""

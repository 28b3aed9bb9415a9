"""What a month's records show when they are looked at together: clues, which persons follow."""

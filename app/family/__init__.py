"""What an elder's family may read: her money, behind a link with an end."""

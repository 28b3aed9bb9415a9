"""What a month of money costs, and how it grows with the elders."""

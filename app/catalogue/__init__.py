"""What can be booked, for how long, by whom and at what price."""

"""What goes out to families, communities and caregivers: an outbox, delivered later and told honestly."""

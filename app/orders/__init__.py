"""What was bought and the appointments it gave: orders and visits, with their lives."""

"""What an elder is to get again and again: agreed plans, their pauses, and the orders they make some weeks ahead."""

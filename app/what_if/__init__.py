"""What a changed rule would have cost: last month's real visits paid once more by the same rules of payment."""

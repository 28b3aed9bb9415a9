"""Allowances paid in cash every month (津贴发放): who is due what, batches, the bank's list, and who was missed."""

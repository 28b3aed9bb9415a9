"""Paying providers: contracts with their terms, monthly statements, disputes, and what is printed of them."""

"""Meals of the canteens: menus, orders with their cut-offs, counts, hand-over, what a meal not taken means, rounds."""

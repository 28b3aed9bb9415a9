"""变动登记: a death, a move, a stay in hospital stops what must stop, in plans, orders and money."""

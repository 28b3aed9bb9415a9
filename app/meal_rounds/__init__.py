"""Who brings which meals to which doors, in what order and when: the rounds of a canteen's riders (送餐路线)."""

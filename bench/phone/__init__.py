"""How heavy the caregiver's phone is, and how soon it can be used."""

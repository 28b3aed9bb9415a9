"""A caregiver's side: hours against the law, what her month comes to, visits given to a colleague, illness."""

"""Who goes where when: drafts, the published plan of a day, and each caregiver's attendance at a visit."""

"""The door of the caregiver's phone: today and tomorrow in order, and whatever the phone reports."""

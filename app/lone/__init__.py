"""A caregiver alone in a home: a timer that asks whether she is well, and rings at the desk when she does not say."""

"""Commands to devices: who told which one to do what, why, and what it answered."""

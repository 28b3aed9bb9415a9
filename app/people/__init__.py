"""The people: elders, their homes, contacts and care teams; caregivers, their skills and shifts; providers."""

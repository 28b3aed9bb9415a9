"""The register of devices: whose they are, where they hang, and whether they are still there."""

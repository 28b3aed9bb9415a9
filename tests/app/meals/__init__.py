"""Tests of meals: ordering, counting, handing over, rounds."""

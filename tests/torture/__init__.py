"""Long runs that try to make the alarm centre lose, double or mix up a call: `python -m tests.torture --help`.

Each row of the proof is a function that answers what it found; the short ones run in `make test` as well.
"""

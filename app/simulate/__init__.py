"""A believable district and its days: for demos, tests and benchmarks. One seed, named substreams."""

"""Thousands of simulated devices that speak the real protocols over real sockets, all in one thread.

`rates` are the numbers, `plan` says who speaks when, `spoken` says it in the protocol's words and understands the
answers, `links` are the sockets, `crowd.Crowd` runs them and counts what became of every word.
"""

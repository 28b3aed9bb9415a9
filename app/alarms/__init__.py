"""Calls for help: from the message on the wire to the verdict and the call-back."""

"""The command `yinling`."""

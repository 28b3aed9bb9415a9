"""银铃 Yinling: the order core, from a hotline call or a pressed button to the settled visit."""

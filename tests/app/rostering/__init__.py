"""Tests of the month's roster."""

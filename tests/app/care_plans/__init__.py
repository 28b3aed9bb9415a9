"""Tests of care plans."""

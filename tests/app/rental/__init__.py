"""Tests of rentals."""

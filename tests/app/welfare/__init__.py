"""Tests of welfare visits."""

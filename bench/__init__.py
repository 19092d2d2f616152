"""Measurements. Timing belongs here, not into the tests."""

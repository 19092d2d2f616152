"""Limits: how often and how much at once somebody may ask."""

"""Tickets: their timeline, messages, lists and search."""

"""Erasing a person: who they were, what they wrote, and what others keep of it."""

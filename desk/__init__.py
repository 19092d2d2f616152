"""What a help desk does: synchronous rules, one transaction at a time, no transport."""

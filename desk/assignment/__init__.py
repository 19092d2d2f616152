"""Assignment: who gets which ticket, and why."""

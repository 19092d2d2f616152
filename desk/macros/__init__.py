"""Macros: what the staff say and do again and again, kept by a name."""

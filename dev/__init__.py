"""`make run`: the launcher of everything on one machine."""

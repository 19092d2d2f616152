"""Making one ticket of two, and two of one."""

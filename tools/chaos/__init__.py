"""Chaos: clients talk while processes are killed around them, then the history is checked."""

"""``python -m manage``: what operators do from the command line."""

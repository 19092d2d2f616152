"""Live: what changed, brought to the sockets that may see it. Knows no HTTP."""

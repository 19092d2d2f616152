"""Routes: one module a noun, each with its part of the table."""

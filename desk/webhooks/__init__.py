"""Webhooks: what admins set up, and the queue of what is to be told."""

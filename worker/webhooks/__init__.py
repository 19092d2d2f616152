"""Webhooks: the drain of their queue, and one POST to a checked address."""

"""Accounts: people, their sessions and addresses, and what admins do with them."""

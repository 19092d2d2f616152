"""Notifications: the inbox, and the queue of mails."""

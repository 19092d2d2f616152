"""What `make run` and the tests start: embedded PostgreSQL and Valkey, and the launcher."""


class CannotStart(SystemExit):
    """What the person at the keyboard has to change. Its text is one line and says what."""

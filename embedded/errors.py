"""Why the embedded servers, or the launcher, cannot start."""


class CannotStart(SystemExit):
    """What the person at the keyboard has to change. Its text is one line and says what."""

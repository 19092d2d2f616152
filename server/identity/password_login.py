"""Whose passwords are good: where the staff come by single sign-on alone, only customers'."""

from config import Settings
from desk.errors import Forbidden


def require_password_login(settings: Settings, *, is_staff: bool) -> None:
    """Raises `Forbidden`. Not before the password was right: others learn nothing of an account."""
    if is_staff and not settings.staff_have_passwords:
        raise Forbidden("password_login_off", "The staff sign in by single sign-on")

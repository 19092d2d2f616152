"""Passwords that are chosen: what everybody would try is refused before it costs a hash."""

from config import Settings
from desk.accounts.passwords import require_own
from desk.errors import Invalid
from server.identity.breaches import BreachList, breach_list
from server.identity.passwords import Passwords


class NewPasswords:
    """Checks a password against its account and the stolen ones, and hashes it."""

    def __init__(self, settings: Settings, passwords: Passwords) -> None:
        self._desk_name = settings.desk_name
        self._passwords = passwords
        self._breaches = breach_list(settings.password_breach_list)

    async def hashed(
        self, password: str, who: str, *, email: str, full_name: str, pointer: str
    ) -> str:
        """``who``: whose turn it takes. ``pointer``: where the password stands in the body.

        Raises `Invalid`, and `Busy` as `Passwords` does.
        """
        require_own(password, pointer, email, full_name, self._desk_name)
        require_unbreached(password, pointer, self._breaches)
        return await self._passwords.hashed(password, who)

    def close(self) -> None:
        if self._breaches is not None:
            self._breaches.close()


def require_unbreached(password: str, pointer: str, breaches: BreachList | None) -> None:
    """Raises `Invalid` for a password that is known to have been stolen."""
    if breaches is not None and breaches.holds(password):
        detail = "This password was stolen from another site: choose one that you use nowhere else"
        raise Invalid("password_breached", detail, pointer=pointer)

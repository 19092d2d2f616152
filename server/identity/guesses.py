"""What the wrong passwords of a log-in count against."""

from typing import Self

from desk.errors import RateLimited
from server.limits import shared
from server.limits.addresses import networks
from server.limits.shared import Limit, RateLimits

Count = tuple[Limit, tuple[str, ...]]


class Guesses:
    """The counts of one log-in."""

    def __init__(self, rates: RateLimits, *counts: Count) -> None:
        self._rates = rates
        self._counts = counts

    @classmethod
    async def of(cls, rates: RateLimits, email: str, address: str, device: str | None) -> Self:
        """Of a browser that signed in before: a count of its own, whatever others have guessed.

        Once that is spent, or without one: the account's, here, in the networks around and
        everywhere. What is refused in the nearest does not count in the wider ones, so that one
        network cannot spend what the account has everywhere.
        """
        if device is not None:
            own = cls(rates, (shared.WRONG_PASSWORD_DEVICE, (device,)))
            try:
                await own.require()
            except RateLimited:
                pass
            else:
                return own
        return cls(rates, *_of_account(email, address))

    async def require(self) -> None:
        """Raises `RateLimited` where too many were wrong."""
        for limit, who in self._counts:
            await self._rates.require(limit, *who)

    async def count(self) -> None:
        """One more. Raises as `require`."""
        for limit, who in self._counts:
            await self._rates.spend(limit, *who)


def _of_account(email: str, address: str) -> list[Count]:
    """An account's counts here, in the networks around and everywhere."""
    near: list[Count] = [(shared.WRONG_PASSWORD_NEAR, (email, near)) for near in networks(address)]
    here = (shared.WRONG_PASSWORD_HERE, (email, address))
    return [here, *near, (shared.WRONG_PASSWORD, (email,))]


async def forgive(rates: RateLimits, email: str, address: str) -> None:
    """Forgets the wrong passwords of an account, as far as they keep this address out."""
    for limit, who in _of_account(email, address):
        await rates.clear(limit, *who)

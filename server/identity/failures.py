"""Sign-ins that failed: the first of each minute have entries of their own, the rest are counted.

So whoever tries on and on fills no table. The operator's log has a line of each.
"""

from collections import Counter
from uuid import UUID

from desk import audit as audit_log
from desk.errors import RateLimited
from server import audit
from server.database.transaction import Desk
from server.limits import shared
from server.limits.addresses import network
from server.limits.shared import RateLimits

# So many without an entry are one.
GATHERED = 100
# Beyond so many accounts and networks nothing is counted: the log has the lines.
MOST_COUNTED = 10_000


class SignInFailures:
    """Of this process."""

    def __init__(self, desk: Desk, limits: RateLimits, *, notes_addresses: bool) -> None:
        self._desk = desk
        self._limits = limits
        self._notes_addresses = notes_addresses
        # Since the last entry, by account and network.
        self._gathered: Counter[tuple[str, str]] = Counter()

    async def record(
        self, action: str, account: str, address: str, user_id: UUID | None, **data: str
    ) -> None:
        """One more. ``account``: as it was named, whether there is one or not. ``data``: plain
        words. With the next entry goes how many there were ``more``, since the one before.
        """
        near = network(address)
        before = self._gathered.pop((account, near), 0)
        if not self._has_room(account, near) and before + 1 < GATHERED:
            if len(self._gathered) < MOST_COUNTED:
                self._gathered[account, near] = before + 1
            noted = near if self._notes_addresses else None
            audit.note(action, user_id=user_id, address=noted, **data)
            return
        await self._desk.run(
            audit_log.record,
            action,
            actor_id=None,
            subject_type="user",
            subject_id=user_id,
            data={**data, **({"more": before} if before else {})},
            address=near or None,
        )

    def _has_room(self, account: str, near: str) -> bool:
        """Counted here alone, and alike for accounts that there are and for those there are not."""
        try:
            self._limits.spend_here(shared.FAILURES_NEAR, near)
            self._limits.spend_here(shared.FAILURES_ACCOUNT, account)
            self._limits.spend_here(shared.FAILURES, "")
        except RateLimited:
            return False
        return True

"""One mutant and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

KILLED = {1, 2, 3, -1, 255, -24, 24, 152, -11, -9, -6}
"""Exit statuses of a mutant's tests that mean it was noticed: a test failed, could not be collected, hung or crashed."""
UNREACHED = 33


@dataclass(frozen=True)
class Mutant:
    """name: the library's.  where: module and function.  was, now: the lines that differ.  status: None while it was not tried."""

    name: str
    path: str
    where: str
    was: str
    now: str
    status: int | None = None

    @property
    def verdict(self) -> str:
        """killed, survived, unreached (no test comes by) or untried."""
        if self.status is None:
            return "untried"
        return "killed" if self.status in KILLED else "unreached" if self.status == UNREACHED else "survived"

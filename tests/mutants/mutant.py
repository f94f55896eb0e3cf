"""One mutant and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

KILLED = {1, 2, 3, -11, -6}
"""Exit statuses of a mutant's tests that mean it was noticed: a test failed or took too long, could not be collected, or crashed."""
SURVIVED = 0
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
        """killed, survived, unreached (no test comes by), undecided (the machine was too slow for its tests) or untried."""
        if self.status is None:
            return "untried"
        if self.status in KILLED:
            return "killed"
        return {SURVIVED: "survived", UNREACHED: "unreached"}.get(self.status, "undecided")

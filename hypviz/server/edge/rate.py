"""How often somebody may try a password: a few times at once, then one try per while."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

KEPT = 10_000
"""Names and addresses remembered; the one that tried longest ago is forgotten first."""


class Attempts:
    """Tries by key, each key with a bucket of `burst` that regains one per `seconds`; safe to share between threads."""

    def __init__(self, burst: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.burst, self.seconds, self._clock = burst, seconds, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> float:
        """Use up one try: 0.0 when it may be made, else the seconds until the next."""
        with self._lock:
            left = self._left(key)
            if left < 1:
                return (1 - left) * self.seconds
            self._store(key, left - 1)
            return 0.0

    def give_back(self, key: str) -> None:
        """The try was a right one and counts for nothing."""
        with self._lock:
            self._store(key, min(self.burst, self._left(key) + 1))

    def _left(self, key: str) -> float:
        left, at = self._buckets.get(key, (float(self.burst), self._clock()))
        return min(self.burst, left + (self._clock() - at) / self.seconds)

    def _store(self, key: str, left: float) -> None:
        self._buckets[key] = left, self._clock()
        self._buckets.move_to_end(key)
        while len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)


def network_of(client: str) -> str:
    """What one person has many addresses of: an IPv6 address stands for its /64."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if address.version == 6 and not address.ipv4_mapped:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return client

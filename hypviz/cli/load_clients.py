"""Browsers for a load: threads that ask over HTTP what a page asks after a click, keep what a browser keeps, and time the answers."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

CARDS = 12
"""Small pictures on the first screen of an answer."""
TIMEOUT_S = 120.0


@dataclass
class Timings:
    """click: seconds from a click to its children.  disk: to the layout around them.  outcomes: of all requests, by status."""

    click: list[float] = field(default_factory=list)
    disk: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    def figures(self, seconds: float) -> dict[str, Any]:
        """Percentiles in milliseconds, counts, and what went wrong."""
        refused = self.outcomes["503"]
        wrong = {status: count for status, count in self.outcomes.items() if status not in ("200", "503")}
        return {
            "clicks": len(self.click), "clicks a second": round(len(self.click) / seconds, 2),
            "click to children, p50 (ms)": _percentile(self.click, 0.50), "click to children, p95 (ms)": _percentile(self.click, 0.95),
            "click to children, slowest (ms)": _percentile(self.click, 1.0),
            "click to the disk around it, p95 (ms)": _percentile(self.disk, 0.95),
            "requests": self.outcomes.total(), "errors": sum(wrong.values()), "refused for a while (503)": refused,
            **{f"errors: {kind}": count for kind, count in wrong.items()},
        }  # fmt: skip


def click_for(
    port: int, key: str, *, items: int, browsers: int, seconds: float, pace: float, meanwhile: Callable[[], None] = lambda: None
) -> Timings:
    """Let browsers click for some seconds, each `pace` seconds on average after its last answer; meanwhile is called now and then."""
    timings, end = Timings(), time.monotonic() + seconds
    threads = [
        threading.Thread(target=_Browser(port, key, items, pace, timings, random.Random(number)).click_until, args=(end,), daemon=True)
        for number in range(browsers)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        meanwhile()
        time.sleep(0.2)
    return timings


def ask(port: int, method: str, path: str, body: Any = None) -> Any:
    """One question to a server on this machine, and its JSON answer; RuntimeError for any status but 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return json.loads(content)
    finally:
        connection.close()


class _Browser:
    """One person at one page."""

    def __init__(self, port: int, key: str, items: int, pace: float, timings: Timings, rng: random.Random) -> None:
        self.start, self.items, self.pace, self.timings, self.rng = f"/hypviz/view/{key}/", items, pace, timings, rng
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        self.cached: set[int] = set()

    def click_until(self, end: float) -> None:
        """Click, look, and click again."""
        time.sleep(min(self.pace * self.rng.random(), max(0.0, end - time.monotonic())))  # people do not begin together
        while time.monotonic() < end:
            self._click({"row": self.rng.randrange(self.items)})
            self.connection.close()  # as the server does with one that is idle for long
            time.sleep(min(self.rng.expovariate(1 / self.pace) if self.pace else 0.0, max(0.0, end - time.monotonic())))

    def _click(self, query: dict[str, int]) -> None:
        began = time.monotonic()
        answer = self._ask("POST", "select", {"query": query, "omega": None, "by": "entailment"})
        if answer is None:
            return
        self.timings.click.append(time.monotonic() - began)
        content = json.loads(answer)
        if self._ask("POST", "focus", {"query": query, "omega": content["omega"]}) is not None:
            self.timings.disk.append(time.monotonic() - began)
        for row in content["listed"][:CARDS]:
            if row not in self.cached and self._ask("GET", f"thumb/{row}") is not None:
                self.cached.add(row)  # a browser keeps it for ever

    def _ask(self, method: str, path: str, body: Any = None) -> bytes | None:
        """The content of an answer with status 200; None for any other, which is counted."""
        try:
            self.connection.request(method, self.start + path, body and json.dumps(body), {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            content = answer.read()
            self.timings.outcomes[str(answer.status)] += 1
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            self.timings.outcomes[type(error).__name__] += 1
            return None
        return content if answer.status == 200 else None


def _percentile(values: list[float], share: float) -> float | None:
    """Milliseconds that this share of the values stays within; None without any."""
    return round(1e3 * sorted(values)[min(len(values) - 1, int(share * len(values)))], 1) if values else None

"""`make fuzz`: some hundred thousand requests to every route by every method; every answer below 500, in time and of bounded size.

    python -m tests.fuzz_endpoints.run [--inputs 100000] [--seed 0] [--only /hypviz/view] [--minutes 240]

What failed is kept under tests/fuzz_endpoints/cases/ as a file of its own, which the tests send from then on. Status 1 when anything did.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz_endpoints.corpus import CORPUS, keep
from tests.fuzz_endpoints.strategies import requests_to
from tests.fuzz_endpoints.targets import Target, targets
from tests.fuzz_endpoints.world import ENDLESS, Answer, Request, Site, faults, open_site
from tests.worlds import make_tiny_world


class Tally:
    """What came back so far."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.failed: dict[tuple[str, str, str], Request] = {}
        self.slowest: tuple[float, str] = (0.0, "")
        self.largest: tuple[int, str] = (0, "")

    def take(self, target: Target, request: Request, answer: Answer) -> None:
        """Count one answer; of what fails alike the smallest request is kept."""
        named = f"{target.method} {target.path}"
        self.statuses[answer.status] += 1
        self.slowest = max(self.slowest, (answer.seconds, named))
        self.largest = max(self.largest, (len(answer.body), named))
        for fault in faults(request, answer):
            key = target.method, target.path, fault[:60]
            known = self.failed.get(key)
            if known is None or len(request.body) + len(request.query) < len(known.body) + len(known.query):
                self.failed[key] = request


def shares(found: list[Target], inputs: int) -> dict[Target, int]:
    """How many inputs each route gets: those that read a body most, endless ones and what is not served a few."""
    weights = {one: 30 if one.path.startswith(ENDLESS) or not one.path.startswith(("/hypviz", "/gradio")) else 100 for one in found}
    weights |= {one: 300 for one in found if one.method != "GET" and one.path.startswith("/hypviz")}
    weights |= {one: 10 for one in found if one.path.endswith(("/offline.html", "/honesty"))}  # megabytes, seconds
    weights |= {one: 3 for one in found if one.method == "GET" and one.path.startswith(ENDLESS)}
    return {one: max(1, -(-inputs * weight // sum(weights.values()))) for one, weight in weights.items()}


def send_to(site: Site, target: Target, count: int, tally: Tally, number: int) -> None:
    """Send so many requests to one route."""

    @seed(number)
    @settings(max_examples=count, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(requests_to(site, target.method, target.path, list(target.query), list(target.body)))
    def send(request: Request) -> None:
        tally.take(target, request, site.send(request))

    send()


def main() -> int:
    """Send, print the figures, keep what failed."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--inputs", type=int, default=100_000)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--only", default="", help="routes that begin so")
    arguments.add_argument("--minutes", type=float, default=240, help="begin no further route after that")
    given_ = arguments.parse_args()
    logging.disable(logging.CRITICAL)
    tally, begun, skipped = Tally(), time.perf_counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        world = make_tiny_world(Path(folder))
        with open_site(world, Path(folder) / "fuzz" / "home") as site:
            found = [one for one in targets(site.app) if one.path.startswith(given_.only)]
            for number, (target, count) in enumerate(shares(found, given_.inputs).items()):
                if time.perf_counter() - begun > given_.minutes * 60:
                    skipped += 1
                    continue
                send_to(site, target, count, tally, given_.seed + number)
    return _tell(tally, time.perf_counter() - begun, f"{len(found) - skipped} of {len(found)}", given_.seed)


def _tell(tally: Tally, seconds: float, routes: str, seed_: int) -> int:
    """Print the figures and keep what failed; 1 when anything did."""
    print(f"{sum(tally.statuses.values()):,} requests to {routes} routes × methods in {seconds:.0f} s, seed {seed_}")
    print("statuses:", ", ".join(f"{status}: {count:,}" for status, count in sorted(tally.statuses.items())))
    print(f"slowest answer {tally.slowest[0]:.2f} s ({tally.slowest[1]}), largest {tally.largest[0] / 2**20:.1f} MiB ({tally.largest[1]})")
    for (method, path, fault), request in tally.failed.items():
        print(f"FAILED {method} {path}: {fault}\n    {keep(request, fault).relative_to(CORPUS.parent)}")
    print(f"{len(tally.failed)} kinds of failure")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.soak`: interrupt, refuse and share a home folder for a while, and print what became of it."""

from __future__ import annotations

import argparse
import json
import os
import sys

from tests.soak.run import soak


def main() -> int:
    """0 when everything held."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=210, help="interruptions at random moments (default 210)")
    parser.add_argument("--seconds", type=float, default=1800.0, help="most time to spend (default 1800)")
    parser.add_argument("--seed", type=int, default=None, help="to repeat a run; the moments of kills depend on the machine all the same")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    found = soak(kills=given.kills, seconds=given.seconds, seed=given.seed, tell=lambda text: print(text, file=sys.stderr, flush=True))
    found |= {"load average": [round(value, 1) for value in os.getloadavg()], "cores": os.cpu_count()}
    print(json.dumps(found, indent=None if given.json else 2))
    return 1 if found["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())

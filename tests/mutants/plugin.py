"""Loaded into pytest where mutants are tried: the same few examples of a law each time, and no test that lives on another's world."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import HealthCheck, Phase, settings

EXAMPLES = 25
"""Examples of a law that does not name a number of its own."""

PATIENCE_S = 1800
"""Seconds that an unmutated test may take: a machine may be busy, and only a mutant can hang."""

settings.register_profile(
    "mutants",
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # a failure is not made smaller
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutants")
os.environ["OMP_NUM_THREADS"] = "1"
gc.freeze()  # what was imported before the fork is no garbage; looking through it costs more than most tests


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unmutated tests get the time that they need."""
    if os.environ.get("MUTANT_UNDER_TEST") == "stats":
        for item in items:
            item.add_marker(pytest.mark.timeout(PATIENCE_S), append=False)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Say which unmutated test failed: the library swallows what pytest prints."""
    if os.environ.get("MUTANT_UNDER_TEST") == "stats" and report.failed and sys.__stderr__:
        print(f"\n{report.nodeid} fails unmutated:\n{report.longreprtext}", file=sys.__stderr__, flush=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Where it is noted which functions a test reaches, it builds all its fixtures itself, shared ones too, and finds no cache filled."""
    if os.environ.get("MUTANT_UNDER_TEST") != "stats":
        return None
    _empty_caches()
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    runtestprotocol(item, nextitem=None)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _empty_caches() -> None:
    """Empty what `functools.cache` remembers in modules of this folder."""
    here = str(Path.cwd())
    for module in list(sys.modules.values()):
        if str(getattr(module, "__file__", None)).startswith(here):
            for each in list(vars(module).values()):
                if callable(getattr(each, "cache_clear", None)):
                    each.cache_clear()

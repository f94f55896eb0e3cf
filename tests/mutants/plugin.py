"""Loaded into pytest where mutants are tried: laws are held on the same few examples each time, and a failure is not made smaller."""

from __future__ import annotations

import gc
import os

from hypothesis import HealthCheck, Phase, settings

EXAMPLES = 25
"""Examples of a law that does not name a number of its own."""

settings.register_profile(
    "mutants",
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutants")
os.environ["OMP_NUM_THREADS"] = "1"
gc.freeze()  # what was imported before the fork is no garbage; looking through it costs more than most tests

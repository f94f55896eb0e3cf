"""When a training is stopped because nothing is learned any more."""

from __future__ import annotations

import pytest

from hypviz.errors import CollapseError
from hypviz.training.vitals import FAR_OUT, PATIENCE, Vitals, Watch

GONE, WELL = (Vitals(reach, 0.1, 1.0, 3.0, 0.0) for reach in (FAR_OUT + 0.1, FAR_OUT - 0.1))


def test_a_run_whose_radii_stay_far_out_is_stopped_with_advice() -> None:
    watch = Watch("hyperbolic")
    for vitals in [GONE] * (PATIENCE - 1) + [WELL] + [GONE] * (PATIENCE - 1) + [None] + [GONE] * (PATIENCE - 1):
        watch.see(vitals)
    with pytest.raises(CollapseError, match=r"median √c·r 4\.1.*temperature_init 0\.2"):
        watch.see(GONE)


@pytest.mark.parametrize("geometry", ["euclidean", "cosine"])
def test_far_out_is_no_fault_where_the_angle_does_not_depend_on_the_scale(geometry: str) -> None:
    watch = Watch(geometry)
    for _ in range(2 * PATIENCE):
        watch.see(GONE)

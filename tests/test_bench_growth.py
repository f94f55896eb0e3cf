"""`bench growth` in small: what it reports is what the parts find, and its exponents are slopes. No time is asserted."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypviz.cli import bench_growth
from hypviz.cli.bench_growth import computed, exponent, exponents, recall
from hypviz.cli.growth_figure import APART, svg
from hypviz.cli.growth_parts import LIMIT, LISTS, apart
from tests.commands import Run, command_runner

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("HYPVIZ_HOME", str(tmp_path / "home"))
    return command_runner(monkeypatch, capfd)


@pytest.mark.parametrize("power", [0.0, 1.0, 1.5, -0.5])
def test_an_exponent_is_the_slope_of_a_power(power: float) -> None:
    assert exponent([(n, 3 * n**power) for n in (10, 200, 3000, 70_000)]) == pytest.approx(power, abs=1e-12)


def test_an_exponent_is_fitted_over_all_sizes_and_taken_from_the_last_two() -> None:
    sizes = [10, 100, 1000]
    found = exponents(sizes, [{"a": 1.0, "b": 0.0, "c": 5.0}, {"a": 1.0, "b": 7.0}, {"a": 100.0, "b": 70.0}])
    assert found["a"] == {"all": pytest.approx(1.0), "last": pytest.approx(2.0)}
    assert found["b"] == {"all": pytest.approx(1.0), "last": pytest.approx(1.0)}, "nothing is known of what took no time"
    assert found["c"] == {"all": None, "last": None}


def test_what_was_not_embedded_is_computed_from_the_largest_number_that_was() -> None:
    measured = [{"crops": 10, "s": 99.0, "processor s": 99.0, "dims": 3}, {"crops": 90, "s": 36.0, "processor s": 18.0, "dims": 127}]
    found = computed(measured, 1000)
    assert found == {
        "pictures": 1000,
        "crops": 9000,
        "core-hours, by the clock": pytest.approx(1.0),
        "core-hours, of processor time": pytest.approx(0.5),
        "vectors and radii (bytes)": 9000 * 128 * 4,
    }


def test_recall_is_the_share_of_the_exact_rows() -> None:
    exact = {"near": [[1, 2, 3], [4]], "inside": [[], [5, 6]]}
    assert recall(exact, exact) == 1.0
    assert recall(exact, {"near": [[3, 2, 9], [4]], "inside": [[], []]}) == 0.5
    assert recall({"near": [[]]}, {"near": [[]]}) == 1.0


def test_growth_is_measured_and_its_lists_are_exact(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_growth, "LISTS_FROM", 2000)
    arguments = ["--items", 2000, "--items", 200, "--queries", 2, "--no-browser", "--pictures", 1, "--backbone", "demo-small"]
    found = run("bench", "growth", *arguments, "--figure", tmp_path / "growth.svg", "--json").json()
    small, large = found["sizes"]
    assert (small["items"], large["items"]) == (200, 2000)
    assert not [part for size in found["sizes"] for part in size.values() if isinstance(part, dict) and "broke" in part]
    for size in (small, large):
        agreement = size["searched"]["beside float64"]
        assert agreement["same row at a rank"] == 1 and agreement["largest difference at a rank"] < 1e-6
        assert size["searched"]["peak memory (bytes)"] >= size["searched"]["of it not mapped (bytes)"] > 0
        assert size["searched"]["shortest list"] == LIMIT, "an empty list would take no time"
    assert "certified" not in small
    if "certified" in large:  # where FAISS is installed
        assert large["certified"]["recall"] == 1 and all(large["certified"][name]["proven"] for name in LISTS)
    assert large["synthesis"]["on disk (bytes)"] > 2000 * (64 + 1) * 4
    assert large["opened"]["payload (bytes)"] == large["reopened"]["payload (bytes)"] > 2000 * 25
    slope = np.log10(large["opened"]["payload (bytes)"] / small["opened"]["payload (bytes)"])
    assert found["exponents"]["opened: payload (bytes)"]["all"] == pytest.approx(slope)
    assert [one["pictures"] for one in found["computed"]] == [200, 2000] and found["embedding"][0]["crops"] == 9
    drawing = ET.parse(tmp_path / "growth.svg").getroot()
    assert {"exact list", "open again"} <= {text.text for text in drawing.iter(f"{SVG}text")}


def test_a_part_that_breaks_is_told_and_the_others_go_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, str]] = []

    def fake(part: str, *arguments: Any, memory: float | None) -> dict[str, Any]:
        asked.append((arguments[1] if part == "synthesis" else asked[-1][0], part))
        if asked[-1] in ((1000, "synthesis"), (100, "searched")):
            raise RuntimeError(f"{part} ended with -9: Killed")
        return {"s": 2.0, "processor s": 1.0, "crops": 9, "dims": 3, "peak memory (bytes)": 10}

    monkeypatch.setattr(bench_growth, "apart", fake)
    monkeypatch.setattr(bench_growth, "drawn", lambda folder, count: folder)
    said = run("bench", "growth", "--items", 100, "--items", 1000, "--no-browser").out
    assert "100 items, exact search: searched ended with -9: Killed" in said
    assert "1,000 items, making the data up: synthesis ended with -9: Killed" in said
    assert [part for size, part in asked if size == 100] == ["synthesis", "opened", "searched", "opened"]
    assert [part for size, part in asked if size == 1000] == ["synthesis", "embedded", "embedded", "embedded"], (
        "without data nothing is opened"
    )


def test_a_process_that_ends_otherwise_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"embedded ended with 1: .*absent holds no JPEG pictures"):
        apart("embedded", str(tmp_path / "absent"), 1, 1, "demo-small")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process is not held to such a limit")
def test_a_process_may_be_given_little_memory(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"synthesis ended with .*(MemoryError|allocate|memory)"):
        apart("synthesis", str(tmp_path / "made-up"), 2_000_000, "demo", memory=0.4)


def test_the_figure_puts_powers_of_ten_at_equal_distances_and_names_apart() -> None:
    lines = {f"line {number}": [(10.0, 1.0), (1000.0, 1.0 + number / 100)] for number in range(4)}
    drawing = ET.fromstring(svg(lines, {"memory": [(10.0, 1e6), (100.0, 1e6), (1000.0, 1e8)]}))
    *_, memory = (
        [tuple(map(float, point.split(","))) for point in line.get("points", "").split()] for line in drawing.iter(f"{SVG}polyline")
    )
    (x0, y0), (x1, y1), (x2, y2) = memory
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2) and y0 == y1 and y0 - y2 > 100
    names = sorted(float(text.get("y", 0)) for text in drawing.iter(f"{SVG}text") if (text.text or "").startswith("line"))
    assert len(names) == 4 and min(np.diff(names)) >= APART - 0.11

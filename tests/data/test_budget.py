"""All decoding of a process shares one budget: refused before anything is allocated, waiting where others decode, the same pixels."""

from __future__ import annotations

import gc
import io
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hypviz.data import budget, pictures
from hypviz.data.budget import Budget
from hypviz.data.pictures import PictureError, inspect_picture, open_upright
from tests.conftest import random_picture
from tests.memory import plain_environment

PEAK = """
import sys, threading
from hypviz.data import pictures
from hypviz.data.budget import Budget
from tests.memory import peak_mib
pictures.BUDGET = Budget(int(sys.argv[3]))
before = peak_mib()
sizes = []
threads = [threading.Thread(target=lambda: sizes.append(pictures.open_upright(sys.argv[1]).size)) for _ in range(int(sys.argv[2]))]
[one.start() for one in threads], [one.join() for one in threads]
assert len(sizes) == len(threads)
print(peak_mib() - before)
"""
SIDE = 6000
MEGAPIXELS = SIDE * SIDE / 1e6


@pytest.fixture(scope="module")
def large_tiff(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """36 million floats in some 100 kB."""
    path = tmp_path_factory.mktemp("tiff") / "a.tif"
    values = np.zeros((SIDE, SIDE), np.float32)
    values[::100, ::7] = 0.5
    Image.fromarray(values).save(path, compression="tiff_deflate")
    assert path.stat().st_size < 1 << 20
    return path


def peak_mb(path: Path, *, at_once: int, total: int) -> int:
    """By how much a fresh process grows that decodes a picture so many times at once."""
    code = [sys.executable, "-W", "ignore", "-c", PEAK, str(path), str(at_once), str(total)]
    return int(subprocess.run(code, capture_output=True, text=True, check=True, timeout=250, env=plain_environment()).stdout)


def test_a_small_file_of_many_pixels_takes_no_more_than_is_reserved_for_it(large_tiff: Path) -> None:
    reserved = pictures.BYTES_PER_PIXEL["TIFF"] * MEGAPIXELS
    assert peak_mb(large_tiff, at_once=1, total=1 << 31) <= reserved + 40  # float64 copies of the whole took four times that


def test_two_at_once_take_turns_where_both_do_not_fit(large_tiff: Path) -> None:
    total = int(13 * MEGAPIXELS * 1e6)
    assert peak_mb(large_tiff, at_once=2, total=total) <= total / 1e6 + 40


def test_a_picture_that_needs_more_than_there_is_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    random_picture((400, 300)).save(tmp_path / "a.png")
    monkeypatch.setattr(pictures, "BUDGET", Budget(8 * 400 * 300))  # the file's own bytes are too many
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("it was decoded"))
    for look in (open_upright, inspect_picture):
        with pytest.raises(PictureError, match=r"decoding it takes .* GB, at most .* are given to pictures") as refused:
            look(tmp_path / "a.png")
        assert refused.value.reason == "too large"


def test_the_largest_picture_of_every_format_that_is_common_fits() -> None:
    assert max(pictures.BYTES_PER_PIXEL["TIFF"], pictures.OTHERS) * pictures.MAX_PIXELS + (500 << 20) <= pictures.BUDGET.total


def test_many_threads_never_have_more_than_the_budget(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    random_picture((300, 300)).save(tmp_path / "a.png")
    need = 8 * 300 * 300 + (tmp_path / "a.png").stat().st_size
    shared = Budget(3 * need)
    monkeypatch.setattr(pictures, "BUDGET", shared)
    seen: list[int] = []
    load = Image.Image.convert

    def watched(image: Image.Image, *rest: object, **named: object) -> Image.Image:
        seen.append(shared.used)
        time.sleep(0.01)
        return load(image, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Image.Image, "convert", watched)
    threads = [threading.Thread(target=lambda: open_upright(tmp_path / "a.png")) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    assert len(seen) == 12 and max(seen) <= shared.total and max(seen) > need and shared.used == 0


def test_a_picture_counts_until_nobody_uses_it_and_its_user_does_not_wait_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    random_picture((300, 300)).save(tmp_path / "a.png")
    shared = Budget(9 * 300 * 300 + (tmp_path / "a.png").stat().st_size)
    monkeypatch.setattr(pictures, "BUDGET", shared)
    start = time.monotonic()
    first = open_upright(tmp_path / "a.png")
    assert shared.used == 4 * 300 * 300
    second = open_upright(tmp_path / "a.png")  # both do not fit, but nobody else would let go
    assert time.monotonic() - start < 5 and shared.used == 8 * 300 * 300
    del first, second
    gc.collect()
    assert shared.used == 0


def test_one_that_waits_for_what_is_never_let_go_goes_on_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "PATIENCE_S", 0.2)
    monkeypatch.setattr(budget, "_POLL_S", 0.1)
    shared, kept = Budget(10), Image.new("RGB", (1, 1))
    other = threading.Thread(target=lambda: shared.hold(kept, 8))
    other.start()
    other.join()
    with shared.reserve(8):
        assert shared.used == 16


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "I;16", "I", "F"])
def test_strips_give_the_same_pixels_as_the_whole(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    values = np.random.default_rng(0).integers(0, 256, (37, 23, 4), dtype=np.uint8)
    if mode in ("I;16", "I", "F"):
        kind = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
        picture = Image.fromarray((values[..., 0].astype(np.int64) * 300 - (5000 if mode != "I;16" else 0)).astype(kind))
    else:
        picture = (
            Image.fromarray(values, "RGBA").convert("P").convert("PA") if mode == "PA" else Image.fromarray(values, "RGBA").convert(mode)
        )
    whole = pictures._to_rgb(picture)
    monkeypatch.setattr(pictures, "_STRIP", 60)
    assert np.array_equal(np.asarray(pictures._to_rgb(picture)), np.asarray(whole))


def test_a_jpeg_is_decoded_no_larger_than_it_is_shown() -> None:
    stream = io.BytesIO()
    random_picture((1600, 1200)).save(stream, "JPEG")
    assert open_upright(stream.getvalue()).size == (1600, 1200)
    assert open_upright(stream.getvalue(), side=200).size == (800, 600)  # half or a quarter of it, both sides at least twice as large
    assert open_upright(stream.getvalue(), side=1000).size == (1600, 1200)

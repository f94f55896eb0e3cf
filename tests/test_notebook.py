"""`hypviz.show`, and the example notebook that is made of it: its cells run, and what they show is a whole disk."""

from __future__ import annotations

import ast
import html
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hypviz
from hypviz.errors import DataError, SettingsError
from hypviz.notebook import Disk
from tests.conftest import MakePicture

NOTEBOOK = Path(__file__).resolve().parents[1] / "examples" / "own_vectors.ipynb"


def run_cells(path: Path) -> list[Any]:
    """Run the code cells in one namespace, as a notebook does; the value of each cell's last expression, None without."""
    scope: dict[str, Any] = {}
    values = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        body = ast.parse("".join(cell["source"])).body
        last = body.pop() if isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), str(path), "exec"), scope)
        values.append(eval(compile(ast.Expression(last.value), str(path), "eval"), scope) if isinstance(last, ast.Expr) else None)
    return values


def data_of(disk: Disk) -> dict[str, Any]:
    """What the page inside the frame draws."""
    frame = re.search(r'srcdoc="([^"]*)"', disk._repr_html_())
    assert frame is not None
    page = html.unescape(frame[1])
    assert page == disk.page.decode()
    found = re.search(r'<script type="application/json" id="hv-data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_example_notebook_runs_and_shows_its_disks(capsys: pytest.CaptureFixture[str]) -> None:
    shape, first, refused, last = run_cells(NOTEBOOK)
    assert shape == (200, 8) and refused is None
    assert "1 of 200 rows are off the hyperboloid of curvature −0.8 (row 7)" in capsys.readouterr().out
    one, other = data_of(first), data_of(last)
    assert one["facts"]["data"] == "five trees" and one["facts"]["curv"] == 0.8 and one["facts"]["classes"] == 5
    assert len(one["edges"]) == len(other["edges"]) == 195 and one["state"]["row"] == 0
    assert one["points"].keys() == other["points"].keys() if isinstance(one["points"], dict) else one["points"] and other["points"]


def test_a_disk_can_be_saved_as_a_file_and_its_frame_may_do_little(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "a.png")
    rng = np.random.default_rng(0)
    disk = hypviz.show(rng.standard_normal((12, 3)), model="tangent", images=["a.png", *[None] * 11], images_root=tmp_path, height=500)
    assert disk.save(tmp_path / "disk.html").read_bytes() == disk.page
    assert 'sandbox="allow-scripts allow-downloads"' in disk._repr_html_() and "height:500px" in disk._repr_html_()
    assert list(data_of(disk)["pictures"]) == ["0"] and "save('disk.html')" in repr(disk)


def test_a_tensor_is_as_good_as_an_array() -> None:
    import torch

    vectors = torch.eye(3, requires_grad=True)
    assert data_of(hypviz.show(vectors, ["a", "b", "c"], model="tangent"))["facts"]["classes"] == 3


def test_what_cannot_be_shown_is_said() -> None:
    with pytest.raises(SettingsError, match="could be of several models"):
        hypviz.show(np.zeros((3, 3)))
    with pytest.raises(DataError, match="labels has 1 values for 3 vectors"):
        hypviz.show(np.zeros((3, 3)), ["one"], model="lorentz")
    with pytest.raises(SettingsError, match="height must be between 100"):
        hypviz.show(np.zeros((3, 3)), model="lorentz", height=5)
    with pytest.raises(AttributeError, match="no attribute 'shows'"):
        hypviz.shows  # noqa: B018


def test_a_label_that_is_none_or_nan_is_no_class() -> None:
    assert data_of(hypviz.show(np.eye(4) * 0.3, ["a", None, float("nan"), "b"], model="poincare"))["facts"]["classes"] == 2

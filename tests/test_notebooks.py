"""The example notebooks: each runs from top to bottom in a kernel of its own, as Jupyter would run it, and lies in git without output."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
SHOWS = {
    "own_vectors": ("(200, 8)", "1 of 200 rows are off the hyperboloid", "<vectors · hypviz"),
    "own_photos": ("12 of 12 images", "level 0:   12 items", "items in its cone", "<my pictures · hypviz"),
    "fine_tune": ("10 of 10 images", "part → object P@5", "cones F1"),
    "compare_models": ("| *chance* |", "demo: ", "photos: "),
    "publish": ("'items': 300", "<title>A part of the demo", "'index.html'"),
}
"""What is to be read under the cells of each."""


def outputs(notebook: nbformat.NotebookNode) -> str:
    """All that stands under the cells, as text."""
    texts = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            texts += [output.get("text", ""), data.get("text/plain", ""), data.get("text/markdown", "")]
    return "\n".join(texts)


def test_there_is_one_for_each_thing_that_people_come_for() -> None:
    assert {path.stem for path in NOTEBOOKS} == SHOWS.keys()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_lies_here_without_output(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs") and cell.get("execution_count") is None
    assert notebook.metadata.kernelspec.name == "python3" and path.stat().st_size < 20_000
    assert notebook.cells[0].cell_type == "markdown" and notebook.cells[0].source.startswith("# ")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    (tmp_path / "home").mkdir()
    (tmp_path / "cwd").mkdir()
    client = NotebookClient(notebook, timeout=None, kernel_name="python3", resources={"metadata": {"path": str(tmp_path / "cwd")}})
    search = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    client.execute(env=os.environ | {"PYTHONPATH": search, "HYPVIZ_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path)})
    shown = outputs(notebook)
    assert not [text for text in SHOWS[path.stem] if text not in shown], shown
    assert not list((tmp_path / "cwd").iterdir()), "what it makes lies in its own folder"

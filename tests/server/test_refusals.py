"""However a refusal of somebody's data reaches the page, it gives no advice for a command line and shows no way to a hidden folder."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import gradio as gr
import pytest
from fastapi.testclient import TestClient

from hypviz.data.formats.detect import open_dataset
from hypviz.errors import DataError
from hypviz.explore.library import Library
from hypviz.finetune.upload import staging, take_in
from hypviz.jobs.thread import Jobs
from hypviz.server import api, page, routes
from hypviz.workspace.store import Workspace
from tests.data.foreign import FOREIGN
from tests.data.layouts import WRITERS, Layout, Scene
from tests.finetune.zips import pack
from tests.worlds import TinyWorld

ROOT = Path(__file__).resolve().parents[2]
SCENES = [Scene(f"{name}.png", boxes=(("cat", 10, 20, 60, 80), ("dog", 12, 22, 40, 50))) for name in "abcde"]
CLASSES = ("cat", "dog")


def two_formats(folder: Path) -> None:
    for layout in ("coco", "csv"):
        WRITERS[layout](Layout(folder, CLASSES), SCENES)


def unknown(folder: Path) -> None:
    Layout(folder, CLASSES).pictures(SCENES, "images/")
    FOREIGN["VisDrone"](Layout(folder, CLASSES), SCENES)


def no_pictures(folder: Path) -> None:
    WRITERS["coco"](Layout(folder, CLASSES), SCENES)
    for path in (folder / "images").iterdir():
        path.unlink()


def corners(folder: Path) -> None:
    scenes = [Scene("a.png", boxes=(("cat", 100, 70, 158, 118), ("dog", 90, 60, 150, 110)))]
    WRITERS["corners"](Layout(folder, CLASSES), scenes)
    text = (folder / "all.json").read_text()
    (folder / "all.json").write_text(re.sub(r', "area": \d+', "", text))


def nothing_left(folder: Path) -> None:
    WRITERS["coco"](Layout(folder, CLASSES), [Scene("a.png", boxes=(("cat", 300, 300, 400, 400),))])


REFUSED = {
    "two formats": (two_formats, "several formats"),
    "unknown": (unknown, "annotations/a.txt"),
    "no pictures": (no_pictures, "0 of the 5 looked for were found"),
    "corners": (corners, "fit as corners"),
    "nothing left": (nothing_left, "none of the 1 boxes read can be used"),
}


def is_fit_for_a_page(text: str, words: str) -> bool:
    return words in text and "--" not in text and "/." not in text and "\n" not in text and text.endswith(".")


@pytest.mark.parametrize("kind", REFUSED)
def test_every_way_to_the_page_says_what_is_wrong_and_nothing_that_does_not_work_there(
    kind: str, tmp_path: Path, home: Path, tiny_world: TinyWorld
) -> None:
    write, words = REFUSED[kind]
    folder = tmp_path / ".hidden" / "my set"
    write(folder)
    library = Library(device="cpu")
    name = library.add_data(str(folder))
    with pytest.raises(DataError, match="--") as caught:  # the terminal has the advice
        library.workspace(name)
    assert words in str(caught.value)
    with pytest.raises(gr.Error) as shown:
        page._opener(library)(name, str(tiny_world.checkpoint), progress=lambda *_, **__: None)
    assert is_fit_for_a_page(shown.value.message, words)
    with pytest.raises(gr.Error) as shown:
        api._explaining(library.workspace)(name)
    assert is_fit_for_a_page(shown.value.message, words)
    application = routes.build_app(library)
    application.add_api_route("/opened", lambda: library.workspace(name))
    assert is_fit_for_a_page(TestClient(application, base_url="http://localhost").get("/opened").json()["error"], words)
    jobs = Jobs()
    job = jobs.start("Opening", name, lambda report: library.workspace(name))
    while job.state == "running":
        pass
    assert is_fit_for_a_page(job.error or "", words)


@pytest.mark.parametrize("kind", REFUSED)
def test_an_uploaded_archive_is_refused_likewise(kind: str, tmp_path: Path, home: Path) -> None:
    write, words = REFUSED[kind]
    write(tmp_path / "set")
    files = {str(path.relative_to(tmp_path / "set")): path.read_bytes() for path in (tmp_path / "set").rglob("*") if path.is_file()}
    with pytest.raises(DataError) as caught, staging() as stage:
        take_in(pack(stage / "upload.zip", files), stage, name="mine.zip", on_stage=lambda share, what: None)
    text = str(caught.value)
    assert is_fit_for_a_page(text, words) and text.startswith("mine.zip: ") and str(home) not in text


@pytest.mark.parametrize("layout", WRITERS)
def test_the_report_of_an_archive_names_files_of_the_archive_only(layout: str, tmp_path: Path, home: Path) -> None:
    WRITERS[layout](Layout(tmp_path / "set", CLASSES), SCENES)
    next((tmp_path / "set").rglob("c.png")).write_bytes(b"no picture")
    files = {str(path.relative_to(tmp_path / "set")): path.read_bytes() for path in (tmp_path / "set").rglob("*") if path.is_file()}
    files["broken.json"] = b'{"bbox": ['
    with staging() as stage:
        made = take_in(pack(stage / "upload.zip", files), stage, name="mine.zip", on_stage=lambda share, what: None)
    report = json.dumps(Workspace.open(home / made).meta["import"])
    assert ".intake" not in report and str(tmp_path) not in report and "broken.json" in report


def test_the_application_gives_advice_that_works_there(tmp_path: Path) -> None:
    from hypviz.cli import serve

    two_formats(tmp_path / "set")
    with pytest.raises(DataError) as caught:
        open_dataset(tmp_path / "set")
    text = serve._advised(str(caught.value))
    assert "--format" not in text and "several formats" in text and "python -m hypviz data import" in text
    assert serve._advised("Cannot listen; choose another with --port.") == "Cannot listen; choose another with --port."


def test_no_other_text_of_an_error_leaves_for_the_page() -> None:
    """In the parts that answer pages an error becomes text by `page_sentence` alone, but where it becomes part of another error."""
    for folder in ("server", "evaluation/page", "annotate", "finetune", "jobs"):
        files = sorted((ROOT / "hypviz" / folder).rglob("*.py"))
        assert files, f"hypviz/{folder} has moved"
        for path in files:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            raised = {id(each) for node in ast.walk(tree) if isinstance(node, ast.Raise) for each in ast.walk(node)}
            for node in ast.walk(tree):
                plain = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "str"
                if plain and node.args and isinstance(node.args[0], ast.Name) and node.args[0].id == "error" and id(node) not in raised:
                    line = ast.get_source_segment(path.read_text(encoding="utf-8"), node)
                    assert (path.name, line) in ALLOWED, f"{path.name}:{node.lineno}: use page_sentence(error)"


ALLOWED = {(file, "str(error)") for file in ("archive.py", "server.py", "page.py", "gate.py", "login.py", "doctor.py")}
"""Reasons that a library gives, which become part of a sentence; what goes to the log before it goes to the page; the sentence about too
many passwords; and what a command says."""

"""The command line: one JSON object for machines, one line for mistakes, and the same answers as the library."""

from __future__ import annotations

import csv
import io
import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hypviz.explore.bitsets import unpack_mask
from hypviz.explore.view import View
from hypviz.workspace.store import Workspace
from tests.commands import Done, Run, command_runner
from tests.conftest import MakeCoco, MakePicture
from tests.worlds import TinyWorld

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process."""
    return command_runner(monkeypatch, capfd)


def process(*arguments: object) -> Done:
    done = subprocess.run([sys.executable, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=120)
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def opened(tiny_world: TinyWorld) -> tuple[object, ...]:
    """The options that name workspace and checkpoint."""
    return "--workspace", tiny_world.workspace, "--checkpoint", tiny_world.checkpoint


def test_help_lists_every_command() -> None:
    done = process("-m", "hypviz", "--help")
    assert done.status == 0 and done.err == ""
    for command in ("data", "train", "embed", "evaluate", "health", "search", "experiment", "demo", "bench"):
        assert command in done.out


def test_a_mistake_is_one_line_from_a_process_too(tmp_path: Path) -> None:
    done = process("-m", "hypviz", "embed", "--workspace", tmp_path / "nothing")
    assert done.status == 1 and "nothing" in done.mistake()


def test_no_command_shows_the_help(run: Run) -> None:
    done = run()
    assert done.status != 0 and "Usage" in done.out + done.err


def test_scenes_are_drawn(run: Run, tmp_path: Path) -> None:
    result = run("data", "clipart", "--out", tmp_path, "--count", 1, "--start", 5, "--width", 192, "--height", 144, "--json").json()
    assert result["images"] == 1
    coco = json.loads(Path(result["annotations"]).read_text())
    assert [path.name for path in (tmp_path / "images").iterdir()] == [coco["images"][0]["file_name"]]
    assert (coco["images"][0]["width"], coco["images"][0]["height"]) == (192, 144)


def test_the_photographs_are_imported_whole(run: Run, shared_data: Path, tmp_path: Path) -> None:
    result = run("data", "import", shared_data / "photos", "--format", "coco", "--out", tmp_path / "photos", "--json").json()
    assert (result["images"], result["boxes"]) == (535, 6467)
    assert result["items"] == result["kept_images"] + result["kept_boxes"]
    assert result["hierarchy"]["boxes"] == result["kept_boxes"]


def test_an_import_says_what_it_left_out(run: Run, make_coco: MakeCoco, tmp_path: Path) -> None:
    path = make_coco([[0, 0, 20, 20], [1, 1, 0, 5], [30, 20, 99, 99]])
    done = run("data", "import", "--annotations", path, "--images", tmp_path, "--out", tmp_path / "ws", "--name", "mine")
    assert done.status == 0 and "2 of 3 boxes" in done.out and "boxes clipped" in done.out
    again = run("data", "import", "--annotations", path, "--images", tmp_path, "--out", tmp_path / "ws")
    assert "add --overwrite to renew it" in again.mistake()
    arguments = ("--annotations", path, "--images", tmp_path, "--out", tmp_path / "ws", "--overwrite", "--json")
    assert run("data", "import", *arguments).json()["kept_boxes"] == 2


def test_a_workspace_is_embedded(run: Run, tiny_world: TinyWorld, tmp_path: Path) -> None:
    world = tiny_world.copy(tmp_path / "data")
    arguments = ("embed", "--workspace", world.workspace, "--checkpoint", world.checkpoint, "--device", "cpu", "--json")
    result = run(*arguments, "--force").json()
    assert (result["items"], result["dimension"], result["curv"], result["geometry"]) == (141, 16, 1.0, "hyperbolic")
    files = {path: path.stat().st_mtime_ns for path in world.workspace.rglob("*.npy")}
    assert files and run(*arguments).json()["items"] == 141
    assert {path: path.stat().st_mtime_ns for path in world.workspace.rglob("*.npy")} == files  # nothing is embedded twice


def test_search_by_item_gives_what_the_view_gives(run: Run, tiny_view: View, opened: tuple[object, ...]) -> None:
    item = str(tiny_view.items.item_id[60])
    kinds = ["children", "parents", "nearest", "path"]
    result = run("search", *opened, "--item", item, *(f"--{kind}" for kind in kinds), "--limit", 7, "--json").json()
    assert result == tiny_view.search(item_id=item, picture=None, kinds=kinds, omega=None, limit=7)
    assert len(result["nearest"]) == 7 and result["path"][0]["id"] == item
    wide = run("search", *opened, "--item", item, "--omega", 3.1, "--json").json()
    assert wide["children_total"] > len(wide["children"]) == 40 and "parents" not in wide
    each = run("search", *opened, "--item", item, "--omega", 3.1, "--each-class", "--json").json()
    classes = [card["label"] for card in each["children"]]
    assert len(classes) == len(set(classes)) > len({card["label"] for card in wide["children"]})
    text = run("search", *opened, "--item", item, "--nearest").out
    assert all(card["id"] in text for card in result["nearest"])


def test_search_by_picture_finds_the_picture(run: Run, tiny_view: View, opened: tuple[object, ...]) -> None:
    result = run("search", *opened, "--picture", tiny_view.items.path(0), "--nearest", "--limit", 1, "--device", "cpu", "--json").json()
    assert result["nearest"][0]["id"] == tiny_view.items.item_id[0]
    assert result["nearest_total"] == 141  # an own picture leaves nothing out


def test_evaluation_is_written_or_printed_as_json(run: Run, opened: tuple[object, ...], tiny_world: TinyWorld, tmp_path: Path) -> None:
    arguments = ("evaluate", *opened, "--max-queries", 20, "--device", "cpu", "--json")
    done = run(*arguments, tmp_path / "result.json")
    assert done.status == 0 and done.out.startswith("## Child → parent, same class") and str(tiny_world.checkpoint) in done.out
    written = json.loads((tmp_path / "result.json").read_text())
    assert list(written) == [str(tiny_world.checkpoint)]
    assert run(*arguments, "-").json() == written


def test_checkpoints_are_judged_side_by_side_however_they_are_named(run: Run, tiny_world: TinyWorld, tmp_path: Path) -> None:
    names = tiny_world.checkpoint, tiny_world.checkpoint.with_suffix("")
    shared = ("--max-queries", 9, "--device", "cpu", "--graph-from", tiny_world.workspace, "--untrained")
    files = [tmp_path / name for name in ("all.csv", "classes.csv", "all.md")]
    outputs = ("--csv", files[0], "--class-csv", files[1], "--markdown", files[2])
    first = run("evaluate", "--workspace", tiny_world.workspace, "--checkpoint", names[0], names[1], *shared, *outputs)
    assert first.status == 0, first.err
    again = run("evaluate", "--workspace", tiny_world.workspace, "--checkpoint", names[0], "--checkpoint", names[1], *shared)
    assert again.out == first.out
    sources = [str(names[0]), str(names[1]), "untrained"]
    for file in files[:2]:
        lines = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
        assert list(dict.fromkeys(line["checkpoint"] for line in lines)) == sources
        assert {line["task"] for line in lines} >= {"box → scene", "box → class"}
    page = files[2].read_text(encoding="utf-8")
    assert page.startswith(first.out.rstrip()) and all(f"# {source}" in page for source in sources)


def test_the_health_of_a_workspace_is_printed(run: Run, opened: tuple[object, ...], tiny_world: TinyWorld) -> None:
    page = run("health", "--workspace", tiny_world.workspace)
    assert page.status == 0 and page.out.startswith("# Hierarchy health") and "no embedding was given" in page.out
    checked = run("health", *opened, "--device", "cpu", "--json").json()
    entailment = next(check for check in checked["checks"] if check["key"] == "entailment")
    assert entailment["count"] == entailment["shown"] == len(entailment["rows"]) and checked["omega"] == 2.15
    strict = run("health", *opened, "--omega", 0.01, "--limit", 2, "--device", "cpu", "--json").json()
    found = next(check for check in strict["checks"] if check["key"] == "entailment")
    assert (found["shown"], len(found["ids"])) == (2, 2) and found["count"] > entailment["count"]


def test_a_selection_is_exported_by_what_its_items_are(run: Run, opened: tuple[object, ...], tiny_view: View, tmp_path: Path) -> None:
    depth, first = tiny_view.hierarchy.depth, str(tiny_view.items.item_id[0])

    def ids(*options: object) -> list[str]:
        done = run("export", "selection", *opened, "--device", "cpu", "--out", tmp_path / "out.csv", "--json", *options).json()
        found = [line["item_id"] for line in csv.DictReader((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines())]
        assert done["items"] == len(found) and done["format"] == "csv"
        return found

    assert ids("--depth", 1) == [str(one) for one in tiny_view.items.item_id[depth == 1]]
    inside = unpack_mask(tiny_view.queries.cone({"row": 0}, 2.4)["members"], len(depth)).sum()
    assert len(ids("--cone", first, "--omega", 2.4)) == inside > 0
    (tmp_path / "ids.txt").write_text(f"{first}\n", encoding="utf-8")
    assert ids("--ids", tmp_path / "ids.txt") == [first]
    assert "--format" in run("export", "selection", *opened, "--out", tmp_path / "out.xyz").mistake()
    coco = run("export", "selection", *opened, "--device", "cpu", "--out", tmp_path / "out.coco.json", "--json").json()
    boxes = json.loads((tmp_path / "out.coco.json").read_text(encoding="utf-8"))["annotations"]
    assert coco["format"] == "coco" and len(boxes) == int((~tiny_view.items.is_scene).sum())


def test_tagged_items_are_exported_by_any_of_their_tags(
    run: Run, opened: tuple[object, ...], tiny_view: View, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    ids, marks = tiny_view.items.item_id, tiny_view.cards.marks
    for name, rows in {"blurred": [3, 7, 60], "to check": [7, 9]}.items():
        marks.tag(name, np.array(rows), on=True)
        request.addfinalizer(lambda name=name: marks.delete_tag(name))

    def rows(*options: object) -> list[tuple[str, str]]:
        out = tmp_path / "out.csv"
        done = run("export", "selection", *opened, "--device", "cpu", "--out", out, "--json", *options).json()
        found = [(line["item_id"], line["tags"]) for line in csv.DictReader(out.read_text(encoding="utf-8").splitlines())]
        assert done["items"] == len(found)
        return found

    both = "blurred; to check"
    assert rows("--tag", "blurred") == [(ids[3], "blurred"), (ids[7], both), (ids[60], "blurred")]
    assert rows("--tag", " to check ") == [(ids[7], both), (ids[9], "to check")], "spaces around a name are none of it"
    assert [one for one, _ in rows("--tag", "blurred", "--tag", "to check")] == [ids[row] for row in (3, 7, 9, 60)]
    deep = [row for row in (3, 7, 60) if tiny_view.hierarchy.depth[row] == 2]
    assert [one for one, _ in rows("--tag", "blurred", "--depth", 2)] == [ids[row] for row in deep], "filters narrow each other"
    plain = run(
        "export", "selection", *opened, "--device", "cpu", "--out", tmp_path / "tagged.ids.txt", "--tag", "to check", "--json"
    ).json()
    assert plain["format"] == "ids" and (tmp_path / "tagged.ids.txt").read_text(encoding="utf-8").split() == [ids[7], ids[9]]
    refused = tmp_path / "refused.csv"
    said = run("export", "selection", *opened, "--device", "cpu", "--out", refused, "--tag", "sharp").mistake()
    assert "No item has the tag 'sharp'; there are blurred, to check" in said and not refused.exists()


def test_the_disk_is_measured_without_a_browser(run: Run) -> None:
    found = run("bench", "disk", "--items", 300, "--no-browser", "--json")
    assert "measuring 300 items" in found.err
    (size,) = found.json()["sizes"]
    assert size["items"] == 300 and size["payload (bytes)"] > 300 * 16 and size["answer to a click (ms)"] > 0
    assert "first draw (ms)" not in size and "left out" in found.json()["browser"]


@pytest.mark.parametrize("kept", [("--mapped",), ()])
def test_exact_search_is_measured_and_agrees_with_float64(run: Run, kept: tuple[str, ...]) -> None:
    found = run("bench", "search", "--items", 3000, "--dims", 16, "--limit", 20, "--rounds", 1, *kept, "--json").json()
    assert found["items"] == 3000 and found["peak memory (bytes)"] > 3000 * 16 * 4
    assert found["beside float64"]["largest difference at a rank"] < 1e-6 and found["beside float64"]["lists"] == 36
    orders = found["16 at once (ms)"]
    assert (
        {"children, angle at the query", "parents by their cones, as listed", "nearest"} <= orders.keys() == found["1 at once (ms)"].keys()
    )
    assert "faiss" not in orders if kept else ("faiss" in orders) != ("not installed" in found.get("faiss", ""))


def test_certified_search_is_measured_beside_exact_search_and_a_shortlist_alone(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    arguments = ("--items", 3000, "--dims", 16, "--limit", 20, "--queries", 2, "--folder", tmp_path, "--json")
    found = run("bench", "approximate", *arguments).json()
    orders = {name: value for name, value in found.items() if isinstance(value, dict)}
    assert len(orders) == 11 and {"nearest", "parents by their cones, as listed"} <= orders.keys()
    for name, figures in orders.items():
        assert figures["lists: recall"] == 1 and figures["lists: certified"] == 1, name
        assert 0 <= figures["within the budget: recall"] <= 1 and 0 < figures["lists: codes read"] <= 1
        assert 0 <= figures.get("FAISS alone: recall", 1) <= 1
    assert found["lists on disk (bytes)"] > 3000 * 24 and found["peak memory, searching (bytes)"] > 0
    assert (tmp_path / "3000x16-0.5.npy").is_file()


def test_lists_are_made_beside_the_vectors_and_answers_from_them_say_so(
    run: Run, tiny_world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("faiss")
    workspace = tiny_world.copy(tmp_path / "world").workspace
    opened = ("--workspace", workspace, "--checkpoint", tiny_world.checkpoint, "--device", "cpu")
    made = run("index", *opened, "--json").json()
    assert (
        made["items"] == len(View(Workspace.open(workspace), tiny_world.checkpoint).items)
        and not made["used"]
        and (Path(made["folder"]) / "lists.codes").is_file()
    )
    assert Path(made["folder"]).parent.parent == workspace / "embeddings"
    item = str(Workspace.open(workspace).items.item_id[0])
    searched = ("search", *opened, "--item", item, "--children", "--nearest", "--parents")
    exact = run(*searched, "--json").json()
    assert {exact[f"{kind}_proof"] for kind in ("children", "parents", "nearest")} == {"exact"}
    assert "certified" not in run(*searched).out
    monkeypatch.setattr("hypviz.explore.index_choice.WORTHWHILE", 1)
    by_lists = run(*searched, "--json").json()
    assert by_lists["nearest_proof"] == "certified" and by_lists["children_proof"] in ("certified", "exact")
    for kind in ("children", "parents", "nearest"):
        assert by_lists[kind] == exact[kind] and by_lists[f"{kind}_total"] == exact[f"{kind}_total"]
    assert ", certified):" in run(*searched).out
    monkeypatch.setattr("hypviz.search.approximate.BUDGET", 1)
    assert run(*searched, "--json").json()["nearest_proof"] == "approximate"
    (Path(made["folder"]) / "lists.codes").write_bytes(b"")
    assert run(*searched, "--json").json()["nearest_proof"] == "exact"
    assert "make them anew by `index --overwrite`. Until then all items are scanned." in caplog.text


def test_training_writes_a_checkpoint_that_embeds(run: Run, tiny_world: TinyWorld, tmp_path: Path) -> None:
    settings = json.dumps({"encoder": {"embed_dim": 8}, "loss": {"denominator": "sincere"}})
    arguments = ("train", "--workspace", tiny_world.workspace, "--out", tmp_path / "mine", "--steps", 2, "--batch-pairs", 8)
    arguments += ("--settings", settings, "--licence", "MIT", "--device", "cpu", "--json")
    result = run(*arguments).json()
    card = json.loads((tmp_path / "mine.json").read_text())
    assert Path(result["checkpoint"]) == tmp_path / "mine.safetensors" and Path(result["checkpoint"]).is_file()
    assert (card["licence"], card["encoder"]["embed_dim"], result["metrics"]) == ("MIT", 8, card["metrics"])
    recipe = card["training"]["recipe"]
    assert (recipe["loss"]["denominator"], recipe["train"]["steps"], recipe["train"]["batch_pairs"]) == ("sincere", 2, 8)
    world = tiny_world.copy(tmp_path / "data")
    embedded = run("embed", "--workspace", world.workspace, "--checkpoint", tmp_path / "mine", "--device", "cpu", "--json").json()
    assert embedded["dimension"] == 8
    other = run(*(3 if value == 2 else value for value in arguments))
    assert "started with other settings or data" in other.mistake()


WRONG_SETTINGS = {
    '{"train": {"stepz": 3}}': "no setting 'stepz'",
    '{"loss": {"denominator": "other"}}': "denominator must be one of infonce, sincere",
    '{"loss": {"margin": 1}}': "no setting 'margin'",
    '{"train": {"lr": "high"}}': "lr",
    '{"train": {"lr": -1}}': "lr must be between 0 and 10",
    '{"train": 5}': "",
    '{"trian": {}}': "trian",
    '{"pairs": {"ancestors": "some"}}': "ancestors must be one of",
    "[1]": "--settings must be a JSON object, got list",
    "{": "--settings must be a JSON object",
    "missing.json": "missing.json",
}


@pytest.mark.parametrize("settings", WRONG_SETTINGS)
def test_a_wrong_setting_is_named(run: Run, tiny_world: TinyWorld, tmp_path: Path, settings: str) -> None:
    done = run("train", "--workspace", tiny_world.workspace, "--out", tmp_path / "x", "--settings", settings)
    assert WRONG_SETTINGS[settings] in done.mistake()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["embed", "--workspace", "nowhere"], "/nowhere is not a workspace: it has no meta.json."),
        (["embed", "--workspace", "WORLD", "--checkpoint", "nothing"], "No checkpoint 'nothing'"),
        (["embed", "--workspace", "WORLD", "--checkpoint", "BROKEN"], "broken"),
        (["embed", "--workspace", "WORLD", "--checkpoint", "TINY", "--device", "tpu", "--force"], "Unknown device 'tpu'"),
        (["embed", "--workspace"], "--workspace"),
        (["embed"], "--workspace"),
        (["embed", "--workspace", "WORLD", "--quick"], "--quick"),
        (["embedd"], "embedd"),
        (["search", "--workspace", "WORLD", "--checkpoint", "TINY"], "Give either --item ID, --picture FILE or --text WORDS"),
        (["search", "--workspace", "WORLD", "--checkpoint", "TINY", "--item", "abc"], "No item 'abc'"),
        (["search", "--workspace", "WORLD", "--checkpoint", "TINY", "--item", "ITEM", "--omega", "0"], "omega must be an angle"),
        (["search", "--workspace", "WORLD", "--checkpoint", "TINY", "--item", "ITEM", "--omega", "nan"], "omega must be an angle"),
        (["search", "--workspace", "WORLD", "--checkpoint", "TINY", "--item", "ITEM", "--omega", "10"], "omega must be an angle"),
        (["search", "--workspace", "WORLD", "--checkpoint", "TINY", "--item", "ITEM", "--limit", "0"], "--limit"),
        (["search", "--workspace", "WORLD", "--checkpoint", "TINY", "--picture", "nofile.png"], "there is no such file"),
        (["search", "--workspace", "WORLD", "--checkpoint", "TINY", "--picture", "TEXT"], "not a picture"),
        (["evaluate", "--workspace", "WORLD", "--checkpoint", "TINY", "--apex", "middle"], "apex must be one of"),
        (["evaluate", "--workspace", "WORLD", "--checkpoint", "TINY", "--json", "no/such/folder/x.json"], "no/such/folder"),
        (["evaluate", "--workspace", "WORLD", "--checkpoint", "TINY", "nothing"], "No checkpoint 'nothing'"),
        (["evaluate", "--workspace", "WORLD", "--checkpoint", "TINY", "--csv", "no/such/folder/x.csv"], "--csv cannot write"),
        (
            ["evaluate", "--workspace", "WORLD", "--checkpoint", "TINY", "--graph-from", "nowhere"],
            "/nowhere is not a workspace: it has no meta.json.",
        ),
        (["health", "--workspace", "nowhere"], "/nowhere is not a workspace: it has no meta.json."),
        (["health", "--workspace", "WORLD", "--checkpoint", "TINY", "--omega", "4"], "omega must be an angle"),
        (["health", "--workspace", "WORLD", "--omega", "1"], "give --checkpoint too"),
        (["train", "--workspace", "nowhere", "--out", "OUT/x"], "/nowhere is not a workspace: it has no meta.json."),
        (["train", "--workspace", "WORLD", "--out", "OUT/x", "--init", "nothing"], "No checkpoint 'nothing'"),
        (["train", "--workspace", "WORLD", "--out", "OUT/x", "--backbone", "timm:nothing"], "nothing"),
        (["train", "--workspace", "WORLD", "--out", "OUT/x", "--steps", "0"], "--steps"),
        (["data", "clipart", "--out", "OUT/c", "--split", "best"], "--split must be one of train, validation, test"),
        (["data", "clipart", "--out", "OUT/c", "--format", "gif"], "--format must be jpeg or webp"),
        (["data", "clipart", "--out", "OUT/c", "--count", "100000000"], "are beyond|is beyond|beyond"),
        (["data", "clipart", "--out", "TEXT", "--count", "1"], "text.jpg"),
        (["data", "import", "--out", "OUT/ws"], "Say what to import"),
        (["data", "import", "nowhere", "--out", "OUT/ws"], "nowhere: there is no such file or folder"),
        (["data", "import", "EMPTY", "--out", "OUT/ws"], "empty"),
        (
            ["data", "import", "WORLD/..", "--format", "yolo9", "--out", "OUT/ws"],
            "format must be one of auto, coco, voc, yolo, cvat",
        ),
        (["data", "import", "--annotations", "JSON", "--out", "OUT/ws"], "broken.json"),
        (["data", "import", "--annotations", "JSON", "--format", "coco", "--out", "OUT/ws"], "broken.json"),
        (["data", "import", "WORLD/..", "--out", "OUT/ws", "--min-overlap", "2"], "min_overlap must be between 0.5 and 1"),
        (["data", "import", "WORLD/..", "--out", "OUT"], "holds files that are no workspace"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_that_names_it(
    run: Run, tiny_world: TinyWorld, tiny_view: View, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "broken.json").write_text('{"images": [')
    (tmp_path / "broken.safetensors").write_bytes(b"\0" * 100)
    (tmp_path / "broken.json").with_name("broken.card").write_text("")
    places = {"WORLD": tiny_world.workspace, "TINY": tiny_world.checkpoint, "ITEM": tiny_view.items.item_id[0], "OUT": tmp_path}
    places |= {"TEXT": tmp_path / "text.jpg", "JSON": tmp_path / "broken.json", "EMPTY": tmp_path / "empty"}
    places["BROKEN"] = tmp_path / "broken.safetensors"
    before = sorted(tmp_path.rglob("*"))
    filled = [str(places.get(a, a)).replace("WORLD/", f"{tiny_world.workspace}/").replace("OUT/", f"{tmp_path}/") for a in arguments]
    line = run(*filled).mistake()
    assert any(part in line for part in message.split("|")), line
    assert "Traceback" not in line
    left = [path for path in sorted(tmp_path.rglob("*")) if path not in before and path.is_file()]
    assert not left, "a mistake leaves no files behind"


def test_a_device_that_is_not_there_is_refused(run: Run, tiny_world: TinyWorld, tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    arguments = ("--workspace", tiny_world.workspace, "--device", "cuda")
    assert "0 CUDA devices are visible" in run("embed", *arguments, "--checkpoint", tiny_world.checkpoint, "--force").mistake()
    assert "0 CUDA devices are visible" in run("train", *arguments, "--out", tmp_path / "x").mistake()


def test_broken_pictures_are_counted_and_all_broken_is_a_mistake(run: Run, make_picture: MakePicture, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    whole = make_picture(folder / "whole.jpg", (64, 48))
    (folder / "cut.jpg").write_bytes(whole.read_bytes()[:200])
    result = run("data", "import", folder, "--out", tmp_path / "ws", "--json").json()
    assert (result["images"], result["kept_images"]) == (2, 1) and list(result["dropped"]) == ["truncated"]
    whole.unlink()
    assert "none of 1 pictures" in run("data", "import", folder, "--out", tmp_path / "other").mistake()


def test_the_page_refuses_a_port_in_use_before_any_work(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = process("app.py", "--no-browser", "--port", port, "--data", tmp_path / "nothing")
    assert done.status == 1 and f"Cannot listen on 127.0.0.1:{port}" in done.mistake() and "--port" in done.err


@pytest.mark.parametrize(("option", "message"), [("--data", "No data called"), ("--checkpoint", "No checkpoint")])
def test_the_page_refuses_what_is_not_there(tiny_world: TinyWorld, option: str, message: str) -> None:
    given = {"--data": tiny_world.workspace, "--checkpoint": tiny_world.checkpoint} | {option: "/no/such/thing"}
    done = process("app.py", "--no-browser", "--port", 0, *(part for pair in given.items() for part in pair))
    assert done.status == 1 and message in done.mistake() and "/no/such/thing" in done.err


# --- experiment


def test_experiment_refuses_what_it_does_not_know(run: Run, tmp_path: Path) -> None:
    done = run("experiment", "paper-huge", "--out", tmp_path)
    assert done.status == 1 and "No experiment called 'paper-huge'" in done.err
    done = run("experiment", "paper-small", "--rows", "euc†,hyb†", "--out", tmp_path)
    assert done.status == 1 and "has no row 'hyb†'; it has untrained, cosine, hcl" in done.err
    assert not list(tmp_path.iterdir())


def test_experiment_writes_the_table_of_a_workspace(run: Run, tiny_world: TinyWorld, tmp_path: Path) -> None:
    command = ("experiment", "paper-small", "--workspace", tiny_world.workspace, "--out", tmp_path, "--rows", "hyp†")
    done = run(*command, "--steps", 1, "--seeds", 1, "--no-tune", "--jobs", 1, "--device", "cpu")
    assert done.status == 0, done.err
    home = tmp_path / "workspace"
    assert "| hyp†: hyperbolic angle, cross-image pairs |" in (home / "paper-small.md").read_text()
    assert "not tuned: hyperbolic angle 0.07" in done.out
    assert json.loads((home / "paper-small.json").read_text())["reference"] == "hyp†"
    assert (home / "paper-small.csv").read_text().startswith("row,seed,score,figure,value\n")


@pytest.mark.parametrize(("arguments", "message"), [
    (("--host", "0.0.0.0"), "--auth FILE"), (("--auth", "/no/such/file"), "user add NAME"), (("--auth", "x", "--no-auth"), "contradict"),
    (("--log-level", "loud"), "--log-level must be one of"), (("--log-format", "xml"), "--log-format must be one of"),
])  # fmt: skip
def test_the_page_lets_nobody_in_by_mistake(tiny_world: TinyWorld, arguments: tuple[str, ...], message: str) -> None:
    done = process("app.py", "--no-browser", "--port", 0, "--data", tiny_world.workspace, "--checkpoint", tiny_world.checkpoint, *arguments)
    assert done.status == 1 and message in done.mistake()


@pytest.mark.parametrize("program", [("app.py",), ("-m", "hypviz")])
def test_both_commands_say_their_version(program: tuple[str, ...]) -> None:
    done = process(*program, "--version")
    assert done.status == 0 and done.out.startswith("hypviz ")


def test_users_are_added_listed_and_removed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "users.json"
    for name, rest in (("ada", ("--admin",)), ("bob", ())):
        monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
        assert f"--auth {file}" in run("user", "add", name, "--file", file, *rest).out
    assert run("user", "list", "--file", file).out == "ada (admin)\nbob\n" and "horse" not in file.read_text()
    run("user", "remove", "bob", "--file", file)
    assert run("user", "list", "--file", file).out == "ada (admin)\n"
    assert "has no user 'eve'" in run("user", "remove", "eve", "--file", file).mistake()
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert "8 to 256 characters" in run("user", "add", "eve", "--file", file).mistake()


def test_the_doctor_says_what_is_well_and_what_is_not(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HYPVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("hypviz.server.doctor._demo", lambda: "opened")
    monkeypatch.setattr("hypviz.server.doctor._encoder", lambda: "embeds")
    told = {one["about"]: one for one in run("doctor", "--json").json()["findings"]}
    assert all(one["well"] for one in told.values()) and "torch" in told["packages"]["words"] and "free of" in told["home"]["words"]
    monkeypatch.setenv("HYPVIZ_HOME", "/proc/none")
    done = run("doctor")
    assert done.status == 1 and "BAD  home" in done.out

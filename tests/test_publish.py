"""Published folders: what is written, what is replaced, what is refused. The page itself is tested in a browser (tests/page)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from hypviz.cli import app
from hypviz.data.formats.taxonomy import parse_taxonomy
from hypviz.errors import HypvizError, SettingsError
from hypviz.explore.view import View
from hypviz.server import publish as module
from hypviz.server.publish import PublishSettings, publish
from hypviz.viz.disk import unpack
from hypviz.workspace.class_trees import write_taxonomy_of
from hypviz.workspace.store import Workspace
from tests.test_level_view import two_level_tree
from tests.worlds import TinyWorld

BARE = PublishSettings(thumb_size=0, picture_size=0)


def test_the_directions_are_the_very_ones(tiny_view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dim = tiny_view.embedding.directions.shape[1]
    monkeypatch.setattr(module, "DIRECTION_BYTES", 4 * dim * 50)
    told = publish(tiny_view, tmp_path / "page", settings=BARE)
    parts = sorted((tmp_path / "page/data").glob("directions-*.bin"))
    assert [len(part.read_bytes()) // (4 * dim) for part in parts] == [50, 50, 41]
    read = np.concatenate([np.frombuffer(part.read_bytes(), "<f4") for part in parts]).reshape(-1, dim)
    np.testing.assert_array_equal(read, tiny_view.embedding.directions)
    page = json.loads((tmp_path / "page/data/page.json").read_text())
    assert page["directions"] == {"dim": dim, "shards": 3, "shard_rows": 50}
    assert page["facts"]["notice"] == (tiny_view.describe()["notice"] or {"text": ""})["text"], "what the page says is said there, too"
    assert told["bytes"] == sum(path.stat().st_size for path in (tmp_path / "page").rglob("*") if path.is_file())


def test_cards_and_edges_are_those_of_the_items(tiny_view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CARD_ROWS", 100)
    rows = np.flatnonzero(tiny_view.items.label >= 0)
    publish(tiny_view, tmp_path / "page", rows, BARE)
    ids = [one for number in range(2) for one in json.loads((tmp_path / f"page/data/cards-{number:03d}.json").read_text())["id"]]
    assert ids == tiny_view.items.item_id[rows].tolist()
    arrays = unpack((tmp_path / "page/data/search.bin").read_bytes())[1]
    edges = tiny_view.hierarchy.edges
    pairs = {
        (p, c) for p, c, direct in zip(edges.parent, edges.child, edges.direct, strict=True) if direct and {p, c} <= set(rows.tolist())
    }
    assert set(zip(arrays["parent"].tolist(), arrays["child"].tolist(), strict=True)) == pairs and pairs
    np.testing.assert_array_equal(unpack((tmp_path / "page/data/points.bin").read_bytes())[1]["row"], rows)


def test_only_an_earlier_page_is_replaced(tiny_view: View, tmp_path: Path) -> None:
    out = tmp_path / "page"
    publish(tiny_view, out, settings=PublishSettings(title="first", thumb_size=0, picture_size=0))
    (out / "leftover").write_text("of an earlier time")
    publish(tiny_view, out, settings=PublishSettings(title="second", thumb_size=0, picture_size=0))
    assert json.loads((out / "data/page.json").read_text())["title"] == "second" and not (out / "leftover").exists()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.tex").write_text("years of work")
    with pytest.raises(SettingsError, match="holds something else than a page published by hypviz"):
        publish(tiny_view, tmp_path / "thesis", settings=BARE)
    assert (tmp_path / "thesis/chapter.tex").read_text() == "years of work"


def test_a_failure_leaves_nothing_and_the_earlier_page(tiny_view: View, tmp_path: Path) -> None:
    out = tmp_path / "page"
    publish(tiny_view, out, settings=BARE)

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        publish(tiny_view, out, settings=BARE, also=fails)
    assert [path.name for path in tmp_path.iterdir()] == ["page"] and (out / "index.html").is_file()


def test_too_many_and_none_are_refused(tiny_view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="no item passes the filters"):
        publish(tiny_view, tmp_path / "page", np.empty(0, np.int64))
    monkeypatch.setattr(module, "MAX_ITEMS", 100)
    with pytest.raises(SettingsError, match=r"holds 1 to 100 items, and 141 items were chosen; .* --sample"):
        publish(tiny_view, tmp_path / "page")
    assert not (tmp_path / "page").exists()


@pytest.mark.parametrize("settings", [{"thumb_size": -1}, {"picture_size": 5000}, {"layout": "spiral"}])
def test_settings_have_their_ranges(settings: dict[str, object]) -> None:
    with pytest.raises(HypvizError, match=r"side in pixels|Layout method"):
        PublishSettings(**settings)  # type: ignore[arg-type]


def test_the_command_writes_a_space_of_a_sample(tiny_world: TinyWorld, tmp_path: Path, home: Path) -> None:
    out = tmp_path / "space"
    given = [
        "publish",
        str(out),
        "--data",
        str(tiny_world.workspace),
        "--checkpoint",
        str(tiny_world.checkpoint),
        "--title",
        'A "title": #1',
    ]
    options = ["--space", "--depth", "1", "--sample", "20", "--picture-size", "0", "--device", "cpu", "--json"]
    result = CliRunner().invoke(app, [*given, *options], catch_exceptions=False)
    told = json.loads(result.stdout)
    assert told["items"] == 20 and len(list(out.glob("thumbs/*/*.jpg"))) == 20 and not (out / "pictures").exists()
    text = (out / "README.md").read_text(encoding="utf-8")
    header = yaml.safe_load(text.split("---\n")[1])
    assert (header["sdk"], header["app_file"], header["title"]) == ("static", "index.html", 'A "title": #1')
    assert (out / header["app_file"]).is_file() and "licence:" in text and str(tmp_path) not in text


def test_a_class_tree_goes_along_level_by_level_and_without_one_there_is_none(
    tiny_world: TinyWorld, tiny_view: View, tmp_path: Path
) -> None:
    world = tiny_world.copy(tmp_path / "world")
    view = View(Workspace.open(world.workspace), world.checkpoint, device="cpu")
    text, group_of = two_level_tree(view.items.classes)
    write_taxonomy_of(world.workspace, parse_taxonomy(text, "made"))
    boxes = np.flatnonzero(~view.items.is_scene)[::2]
    publish(view, tmp_path / "page", boxes, BARE)
    page = json.loads((tmp_path / "page/data/page.json").read_text())
    names = [view.items.classes[label] for label in view.items.label[boxes]]
    assert [(one["level"], one["classes"]) for one in page["levels"]] == [(1, len({group_of[name] for name in names}))]
    (plain, columns), (levelled, at_level) = (unpack((tmp_path / f"page/data/{name}.bin").read_bytes()) for name in ("points", "level-1"))
    assert [levelled["classes"][label] for label in at_level["label"]] == [group_of[name] for name in names]
    assert [plain["classes"][label] for label in columns["label"]] == names
    for name in ("angle", "radius", "row", "depth"):
        np.testing.assert_array_equal(at_level[name], columns[name])
    publish(tiny_view, tmp_path / "plain", settings=BARE)
    assert json.loads((tmp_path / "plain/data/page.json").read_text())["levels"] == [] and not list(
        (tmp_path / "plain/data").glob("level*")
    )

"""Names, numbers and disks that cannot be: 4xx, or 507 where the disk is at fault, with one sentence, and never 500."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from hypviz.errors import storage_sentence
from hypviz.explore.library import Library
from hypviz.finetune.upload import title_of
from hypviz.server import routes
from tests.finetune.zips import coco_files, pack
from tests.server.test_tune_routes import bring, refused
from tests.worlds import TinyWorld

FULL, QUOTA, READ_ONLY, FORBIDDEN = errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES
LONG = "x" * 300
BOX = {"key": "new", "xyxy": [10, 10, 60, 60], "label": "cat"}


@pytest.fixture
def client(home: Path, tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """Raises what no answer was made of; nothing trains."""
    monkeypatch.setattr("hypviz.finetune.queue.TrainingQueue._work", lambda self: None)
    library = Library(device="cpu", extra={"tiny": tiny_world.workspace}, checkpoints={"tiny": tiny_world.checkpoint})
    library.open("tiny", "tiny")
    return TestClient(routes.build_app(library), base_url="http://localhost/hypviz/")


def break_disk(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Every file opened to be written, every folder made and every rename fails, as on such a disk."""

    def fails(where: Any) -> OSError:
        return OSError(number, os.strerror(number), str(where))

    plain_open, plain_mkdir = Path.open, Path.mkdir

    def opened(self: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if set(mode) & set("wax+"):
            raise fails(self)
        return plain_open(self, mode, *rest, **named)

    def made(self: Path, *rest: Any, **named: Any) -> None:
        if named.get("exist_ok") and self.is_dir():
            return plain_mkdir(self, *rest, **named)
        raise fails(self)

    def refuse(self: Path, *_: Any, **__: Any) -> Any:
        raise fails(self)

    monkeypatch.setattr(Path, "open", opened)
    monkeypatch.setattr(Path, "mkdir", made)
    for name in ("write_text", "write_bytes", "replace", "rename", "touch"):
        monkeypatch.setattr(Path, name, refuse)


@pytest.mark.parametrize("number", [FULL, QUOTA, READ_ONLY, FORBIDDEN], ids=["full", "quota", "read-only", "forbidden"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.post("tune/set", content=b"PK"),
        lambda client: client.post("tune/jobs", json={"set": "tiny", "checkpoint": "tiny", "depth": "head"}),
        lambda client: client.put("annotate/picture/0?data=tiny", json={"version": 0, "boxes": [BOX]}),
        lambda client: client.post("annotate/corrections?data=tiny", json=correction(client)),
    ],
    ids=["set", "job", "draw", "correct"],
)
def test_a_disk_that_takes_nothing_is_told_in_a_sentence(
    client: TestClient, home: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[TestClient], Any], number: int
) -> None:
    break_disk(monkeypatch, number)
    error = refused(ask(client), 507)
    assert any(word in error for word in ("full", "may not write", "cannot be written to")), error
    assert str(home.parent) not in error


def correction(client: TestClient) -> dict[str, str]:
    """A correction that is in order: the last direct pair of the tiny world, which is in its last picture, does not hold."""
    workspace = client.app.state.library.workspace("tiny")  # type: ignore[attr-defined]
    edges, ids = workspace.hierarchy.edges, workspace.items.item_id
    pair = int(np.flatnonzero(edges.direct)[-1])
    return {"kind": "not", "level": "item", "a": str(ids[edges.parent[pair]]), "b": str(ids[edges.child[pair]])}


@pytest.mark.parametrize("number", [FULL, READ_ONLY], ids=["full", "read-only"])
def test_what_was_drawn_on_a_disk_that_takes_nothing_more_is_applied_once_there_is_room(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    data = client.put("annotate/picture/0?data=tiny", json={"version": 0, "boxes": [BOX]}).json()["data"]
    with monkeypatch.context() as patch:
        break_disk(patch, number)
        refused(client.post(f"annotate/apply?data={data}"), 507)
        refused(client.post(f"annotate/corrections?data={data}", json=correction(client)), 507)
    assert client.get(f"annotate/set?data={data}").json()["pending"] == 1
    assert client.post(f"annotate/apply?data={data}").status_code == 200
    assert client.get(f"annotate/set?data={data}").json()["pending"] == 0


@pytest.mark.parametrize("number", [FULL, READ_ONLY], ids=["full", "read-only"])
def test_a_training_and_a_drawing_are_507(client: TestClient, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    first = client.put("annotate/picture/0?data=tiny", json={"version": 0, "boxes": [BOX]}).json()  # there is a copy now
    break_disk(monkeypatch, number)
    refused(client.post("tune/jobs", json={"set": "tiny", "checkpoint": "tiny", "depth": "head"}), 507)
    again = client.put(f"annotate/picture/0?data={first['data']}", json={"version": first["picture"]["version"], "boxes": []})
    assert "annotations.json" in refused(again, 507) or number == READ_ONLY
    monkeypatch.undo()


def test_a_disk_that_fills_while_a_set_is_taken_in_ends_it_in_a_sentence(
    client: TestClient, tiny_world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(FULL, os.strerror(FULL), "/somewhere/private/meta.json")

    monkeypatch.setattr("hypviz.finetune.upload.create_workspace", full)
    tune = TestClient(client.app, base_url="http://localhost/hypviz/tune/")
    brought = bring(tune, pack(tmp_path / "a.zip", coco_files(tiny_world)).read_bytes())
    assert brought["state"] == "failed" and brought["error"] == (
        "The disk of the server is full (meta.json); whoever runs it has to make room."
    )


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", f"annotate/set?data={LONG}"), ("GET", f"annotate/image/0?data={LONG}"), ("GET", f"tune/set/{LONG}"),
        ("DELETE", f"tune/set/{LONG}"), ("GET", f"tune/plan?set={LONG}"), ("GET", f"tune/plan?set=tiny&checkpoint={LONG}"),
        ("GET", f"tune/jobs/{LONG}"), ("GET", f"tune/name?name={LONG}"), ("GET", f"evaluate/{LONG}/status"), ("GET", f"tune/intake/{LONG}"),
        ("GET", f"tune/plan?set=tiny&backbone=timm:test_vit&weights={LONG}"), ("POST", f"annotate/apply?data={LONG}"),
        ("GET", "annotate/set?data=a%00b"), ("GET", f"annotate/export/{LONG}?data=tiny"), ("GET", f"view/{LONG}/points"),
    ],
)  # fmt: skip
def test_a_name_longer_than_a_disk_holds_is_no_name(client: TestClient, method: str, address: str) -> None:
    answer = client.request(method, address)
    assert answer.status_code in (404, 422), answer.text
    refused(answer, answer.status_code)


def test_a_set_may_be_called_as_long_as_one_likes(client: TestClient, tiny_world: TinyWorld, tmp_path: Path) -> None:
    assert len(title_of("𒀀" * 200 + ".zip").encode()) <= 180
    tune = TestClient(client.app, base_url="http://localhost/hypviz/tune/")
    name = "%F0%92%80%80" * 90 + ".zip"
    brought = bring(tune, pack(tmp_path / "a.zip", coco_files(tiny_world)).read_bytes(), name)
    assert brought["state"] == "done", brought["error"]


@pytest.mark.parametrize("number", ["1180591620717411303424", "-1", "²", "٣", "1e3", "9" * 400])
@pytest.mark.parametrize(
    "address",
    ["view/{key}/thumb/{n}", "view/{key}/image/{n}", "view/{key}/item/{n}", "view/{key}/points?focus={n}", "view/{key}/points?budget={n}",
     "annotate/picture/{n}?data=tiny", "annotate/image/{n}?data=tiny", "tune/jobs/none/disk/{n}", "view/{key}/edges?budget={n}"],
)  # fmt: skip
def test_a_number_that_cannot_be_is_refused(client: TestClient, address: str, number: str) -> None:
    answer = client.get(address.format(key=key_of(client), n=number))
    assert answer.status_code in (200, 404, 422) and answer.status_code < 500
    if answer.status_code != 200:
        refused(answer, answer.status_code)


def test_a_digit_of_another_script_is_no_epoch(client: TestClient) -> None:
    number = client.post("tune/jobs", json={"set": "tiny", "checkpoint": "tiny", "depth": "head"}).json()["id"]
    for epoch in ("²", "٣", "9" * 30):
        assert "no disk of epoch" in refused(client.get(f"tune/jobs/{number}/disk/{epoch}"), 404)


@pytest.mark.parametrize("layout", [["hierarchy"], {}, 7, True, ["x"], {"a": 1}, "x" * 300])
@pytest.mark.parametrize("route", ["rows", "more", "select_region", "offline.html"])
def test_a_layout_of_another_type_is_refused(client: TestClient, route: str, layout: Any) -> None:
    body = {"layout": layout, "rows": [0], "polygon": [[0, 0], [1, 0], [1, 1]]}
    answer = client.post(f"view/{key_of(client)}/{route}", json=body)
    assert answer.status_code == 422 or (answer.status_code == 200 and not layout), answer.text
    if layout:
        refused(answer, 422)


def key_of(client: TestClient) -> str:
    """The key of the view that is open."""
    library = client.app.state.library  # type: ignore[attr-defined]
    return str(next(iter(library._views)))


def test_no_way_on_the_server_is_told() -> None:
    for number in (FULL, READ_ONLY, errno.ENAMETOOLONG, errno.ENOENT, errno.EMFILE, errno.EIO):
        sentence, status = storage_sentence(OSError(number, os.strerror(number), "/home/ada/secret/meta.json"))
        assert "secret" not in sentence and sentence.endswith(".") and 400 <= status <= 507
    assert storage_sentence(OSError(errno.EIO, "Input/output error"))[1] == 500

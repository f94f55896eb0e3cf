"""What is named by its address is fetched once, at one commit, into the client's cache; what goes wrong is one sentence."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from hypviz.errors import CheckpointError, HubError, HubUnreachableError
from hypviz.hub.address import DATASET, address_of, parse_address
from hypviz.hub.client import go_offline
from hypviz.hub.fetch import fetch
from hypviz.model.card import find_checkpoint, read_card
from hypviz.model.encoder import HyperbolicEncoder
from hypviz.model.hub_checkpoint import checkpoint_files, fetch_checkpoint
from hypviz.workspace.hub_data import fetch_data
from tests.hub.local_hub import TOKEN, LocalHub
from tests.hub.repositories import DATA, MODEL, add_data, add_model
from tests.supply.locked import here
from tests.worlds import TinyWorld

Forget = Callable[[], None]


def test_a_model_is_fetched_once_at_its_commit_with_its_card(hub: LocalHub, cache: Path, tiny_world: TinyWorld, tmp_path: Path) -> None:
    repository = add_model(hub, tiny_world, tmp_path / "cones")
    path = find_checkpoint(MODEL)
    assert path.name == "model.safetensors" and path.is_relative_to(cache) and read_card(path).name == "tiny"
    assert str(address_of(path)) == f"{MODEL}@{repository.branches['main']}"
    assert sorted(file.name for file in path.parent.iterdir()) == ["config.json", "model.safetensors"]  # nothing that is not needed
    asked = len(hub.requests)
    repository.commit({"README.md": b"emptied"})
    assert find_checkpoint(MODEL) == path and len(hub.requests) == asked  # this process goes on with the commit it began with


def test_a_new_process_sees_the_new_commit_and_a_pinned_one_stays(
    hub: LocalHub, tiny_world: TinyWorld, tmp_path: Path, forget: Forget
) -> None:
    repository = add_model(hub, tiny_world, tmp_path / "cones")
    first = repository.branches["main"]
    files = dict(repository.commits[first])
    find_checkpoint(MODEL)
    second = repository.commit(files | {"notes.txt": b"more"})
    repository.commit(files | {"notes.txt": b"a branch"}, branch="trial")
    forget()
    assert find_checkpoint(MODEL).parent.name == second
    assert HyperbolicEncoder.from_pretrained("ada/cones", revision=first).card == read_card(find_checkpoint(f"{MODEL}@{first}"))
    assert find_checkpoint(f"{MODEL}@{first}").parent.name == first
    assert find_checkpoint(f"{MODEL}@trial").parent.name == repository.branches["trial"]
    forget()
    asked = len(hub.requests)
    find_checkpoint(f"{MODEL}@{first}")
    assert len(hub.requests) == asked  # a commit that the cache has needs nobody


@pytest.mark.parametrize("away", ["switched off", "unreachable", "out of order"])
def test_without_a_hub_the_cache_answers_if_it_can(
    away: str, hub: LocalHub, cache: Path, tiny_world: TinyWorld, tmp_path: Path, forget: Forget, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    add_model(hub, tiny_world, tmp_path / "cones")
    path = find_checkpoint(MODEL)
    forget()
    if away == "switched off":
        go_offline()
    elif away == "unreachable":
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")
    else:
        hub.failing = 503
    assert find_checkpoint(MODEL) == path
    with pytest.raises(HubUnreachableError) as refused:
        find_checkpoint("hf://ada/another@v2")
    sentence = str(refused.value)
    assert "hf://ada/another@v2 cannot be fetched" in sentence and sentence.count(". ") == 0 and "\n" not in sentence
    wanted = {"switched off": "HF_HUB_OFFLINE allows no requests", "unreachable": "cannot be reached (Connect", "out of order": "HTTP 503"}
    assert wanted[away] in sentence or (away == "out of order" and "cannot be reached" in sentence)
    assert str(cache) in sentence or away == "out of order"


def test_what_the_hub_refuses_is_a_sentence_with_a_way_out(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("models/ada/secret", {"model.safetensors": b"w", "config.json": b"{}"}, private=True)
    hub.add("models/ada/gated", {"model.safetensors": b"w", "config.json": b"{}"}, gated=True)
    hub.add("models/ada/empty", {"README.md": b""})
    hub.add("models/ada/two", {"a.pth": b"", "b.pth": b""})
    hub.add("models/ada/odd", {"../out.safetensors": b"w"})
    for name, sentence in (
        ("ada/absent", "has no such model, or does not show it to you; check the name, or log in"),
        ("ada/secret", "does not show it to you"),
        ("ada/gated", "its owner grants access one by one; ask for it on http"),
        ("ada/secret@v9", "does not show it to you"),
        ("ada/gated@v9", "has no revision 'v9'"),
        ("ada/empty", "holds no weights at all"),
        ("ada/two", "holds a.pth, b.pth"),
        ("ada/odd", "would lie outside its folder"),
    ):
        with pytest.raises(HubUnreachableError, match=sentence) as refused:
            find_checkpoint(f"hf://{name}")
        assert "\n" not in str(refused.value) and "Traceback" not in str(refused.value)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert find_checkpoint("hf://ada/secret").read_bytes() == b"w"


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    hub: LocalHub, tiny_world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_model(hub, tiny_world, tmp_path / "cones")
    monkeypatch.setattr("hypviz.hub.fetch.free_bytes", lambda folder: 300 << 20)
    monkeypatch.setattr("hypviz.hub.fetch.LOW_BYTES", (300 << 20) - 100)
    with pytest.raises(CheckpointError, match="has room for 100; make room, or set HF_HOME"):
        find_checkpoint(MODEL)
    assert not [path for _, path in hub.requests if "/resolve/" in path]


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(CheckpointError, match=r"pip install 'hypviz\[hub\]'"):
        find_checkpoint(MODEL)


def test_progress_is_told_in_bytes_up_to_all_of_them(hub: LocalHub, tiny_world: TinyWorld, tmp_path: Path) -> None:
    repository = add_model(hub, tiny_world, tmp_path / "cones")
    files = repository.commits[repository.branches["main"]]
    heard: list[tuple[int, int | None]] = []
    fetch_checkpoint(MODEL, on_progress=lambda done, total: heard.append((done, total)))
    wanted = len(files["model.safetensors"]) + len(files["config.json"])
    assert heard[-1] == (wanted, wanted) and [done for done, _ in heard] == sorted(done for done, _ in heard)


def test_a_data_set_is_fetched_with_all_that_is_not_hidden(hub: LocalHub, tiny_world: TinyWorld) -> None:
    repository = add_data(hub, tiny_world)
    snapshot = fetch_data(DATA)
    assert str(snapshot.address) == f"{DATA}@{repository.branches['main']}"
    assert set(snapshot.files) == set(repository.commits[repository.branches["main"]]) - {".gitattributes"}
    assert all((snapshot.folder / name).read_bytes() == repository.commits[snapshot.address.revision][name] for name in snapshot.files)
    hub.add("datasets/ada/hidden", {".gitattributes": b""})
    with pytest.raises(HubError, match="holds no files"):
        fetch_data("hf://datasets/ada/hidden")


def test_names_with_signs_of_patterns_are_fetched_as_they_are(hub: LocalHub) -> None:
    hub.add("datasets/ada/odd", {"a[1].txt": b"1", "a1.txt": b"2", "b*.txt": b"3", "bc.txt": b"4"})
    snapshot = fetch(parse_address("hf://datasets/ada/odd", DATASET), lambda names: [name for name in names if "[" in name or "*" in name])
    assert sorted(path.name for path in snapshot.folder.iterdir()) == ["a[1].txt", "b*.txt"]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["config.json", "model.safetensors", "other.safetensors"], ("model.safetensors", "config.json")),
        (["config.json", "model.safetensors", "open_clip_model.safetensors"], ("open_clip_model.safetensors",)),
        (["mine.json", "mine.safetensors", "x.pth"], ("mine.safetensors", "mine.json")),
        (["README.md", "meru.pth"], ("meru.pth",)),
    ],
)
def test_which_files_of_a_repository_are_the_checkpoint(names: list[str], chosen: tuple[str, ...]) -> None:
    assert checkpoint_files(names) == chosen


def test_the_extra_and_the_lock_agree() -> None:
    tomllib = pytest.importorskip("tomllib")  # from Python 3.11 on
    root = Path(__file__).resolve().parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (wanted,) = map(Requirement, project["optional-dependencies"]["hub"])
    assert wanted.specifier.contains(here("requirements.lock")["huggingface-hub"])

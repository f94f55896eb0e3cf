"""A stranger's file costs no more than it is worth: bombs of every format are refused in one sentence, in bounded memory."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from hypviz.config import EncoderSettings
from hypviz.data.formats import limits
from hypviz.data.formats.detect import open_dataset
from hypviz.data.formats.limits import batch_rows, check_files, parsing_memory
from hypviz.data.formats.yaml_text import MAX_NODES, MAX_YAML, read_yaml
from hypviz.errors import CheckpointError, DataError, SettingsError
from hypviz.model.backbone import read_shape
from hypviz.model.card import read_card
from hypviz.model.weights import read_weights
from hypviz.vectors.read import read_vectors
from tests.conftest import MakePicture
from tests.memory import plain_environment

NINES = [f"{name}: &{name} [{','.join(['*' + before] * 9)}]" for before, name in zip("abcdefg", "bcdefgh", strict=True)]
BILLION = "\n".join(["a: &a [x,x,x,x,x,x,x,x,x]", *NINES, "names: *h"])
PEAK = """
import sys
from pathlib import Path
from hypviz.errors import HypvizError
from tests.memory import peak_mib
{imports}
before = peak_mib()
try:
    {call}
except HypvizError as error:
    print("refused:", error)
print("grew", peak_mib() - before)
"""


def grown(imports: str, call: str, *arguments: str) -> tuple[str, int]:
    """What a fresh process says, and by how many MB its memory grew."""
    code = PEAK.format(imports=imports, call=call)
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=True, env=plain_environment())
    said, _, last = done.stdout.strip().rpartition("\n")
    return said, int(last.split()[1])


@pytest.mark.parametrize("text", [BILLION, BILLION.replace("names: *h", "train: *h\nnames: [a, b]"), "<<: *a", "a: &a [*a]\nnames: [x]"])
def test_a_yaml_bomb_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(DataError, match=r"aliases are not read here|not a YAML file"):
        read_yaml(tmp_path / "data.yaml")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("names: [a, [b, c]]", "one of them is a list"),
        ("names: {0: a, 1: {b: c}}", "one of them is a dict"),
        ("names: [a]\ntrain: [[images]]", "got list"),
        ("names: [a]\nval: {images: x}", "got dict"),
    ],
)
def test_names_and_places_in_yaml_are_texts(tmp_path: Path, text: str, sentence: str, make_picture: MakePicture) -> None:
    """What a file says is never written out as Python would: of nested lists that takes memory without end."""
    make_picture(tmp_path / "images" / "a.jpg")
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(DataError, match=sentence):
        open_dataset(tmp_path, "yolo")


def test_a_yaml_bomb_in_a_folder_of_pictures_takes_no_memory(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "images" / "a.jpg")
    (tmp_path / "data.yaml").write_text(BILLION)
    said, megabytes = grown("from hypviz.data.formats.detect import open_dataset", "open_dataset(Path(sys.argv[1]), 'yolo')", str(tmp_path))
    assert "aliases are not read" in said and megabytes < 150


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[" * 5000 + "]" * 5000, "more than 40 levels"),
        ("names: [" + "a," * (MAX_NODES + 1) + "]", "more than 100,000 entries"),
        ("names: [a]\nx: " + "y" * MAX_YAML, "at most"),
        ("names: [a]\nnames: [b]", "stands twice"),
        ("names: !!python/object/apply:os.system ['true']", "none of 1 pictures has"),
    ],
)
def test_yaml_is_read_under_limits_of_depth_entries_and_size(tmp_path: Path, text: str, sentence: str, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "images" / "a.jpg")
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(DataError) as refused:
        read_yaml(tmp_path / "data.yaml")
        open_dataset(tmp_path, "yolo")
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        b"[" + b"[]," * 60_000_000 + b"[]]",
        b'{"annotations":[' + b"{}," * 60_000_000 + b"{}]}",
        b"<a>" + b"<b/>" * 30_000_000 + b"</a>",
        b"0 1 1 1 1\n" * 10_000_000,
    ],
    ids=["lists", "objects", "elements", "rows"],
)
def test_a_file_that_would_grow_when_read_is_refused_before_it_is_parsed(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DataError, match=r"could take .* GB of memory"):
        check_files(tmp_path)


def test_many_small_files_count_together_and_one_may_not_be_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        (tmp_path / f"{number}.txt").write_text("0 0.5 0.5 0.1 0.1\n" * 10)
    check_files(tmp_path)
    monkeypatch.setattr(limits, "MAX_MEMORY", 9 * parsing_memory(b"0 0.5 0.5 0.1 0.1\n" * 10))
    with pytest.raises(DataError, match="could take"):
        check_files(tmp_path)
    monkeypatch.setattr(limits, "MAX_FILE", 100)
    with pytest.raises(DataError, match="has 180 bytes"):
        check_files(tmp_path)


@pytest.mark.parametrize("form", ["json", "xml", "csv", "yolo"])
def test_what_is_counted_bounds_what_reading_takes(tmp_path: Path, form: str) -> None:
    """The estimate, beside the memory that the parsers really take for the densest content of each form."""
    make, call = {
        "json": (lambda: json.dumps([{"bbox": [1, 2, 3, 4.5], "id": n, "category_id": 7} for n in range(200_000)]), "x = json.loads(data)"),
        "xml": (lambda: "<a>" + '<b c="1"/>' * 400_000 + "</a>", "x = ET.fromstring(data)"),
        "csv": (lambda: "aa,bb,cc,dd\n" * 300_000, "x = list(csv.reader(io.StringIO(data)))"),
        "yolo": (lambda: "0 0.51 0.52 0.13 0.14\n" * 300_000, "x = [line.split() for line in data.splitlines()]"),
    }[form]
    path = tmp_path / "a"
    path.write_text(make())
    imports = "import csv, io, json\nimport xml.etree.ElementTree as ET\ndata = Path(sys.argv[1]).read_text()"
    _, megabytes = grown(imports, call, str(path))
    assert megabytes <= 1.3 * parsing_memory(path.read_bytes()) / 1e6


def test_a_parquet_file_is_read_in_batches_that_fit(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"image": [bytes(8 << 20)] * 200}), tmp_path / "repeats.parquet")  # one picture, 200 times: a few kB
    assert (tmp_path / "repeats.parquet").stat().st_size < 1 << 20
    rows = batch_rows([str(tmp_path / "repeats.parquet")])
    assert rows * (8 << 20) <= limits.BATCH_MEMORY
    pq.write_table(pa.table({"n": np.arange(1000)}), tmp_path / "small.parquet")
    assert batch_rows([str(tmp_path / "small.parquet")]) == limits.MAX_BATCH


def test_vectors_that_grow_as_bombs_do_are_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vectors.npy", b"\x93NUMPY\x01\x00" + bytes(100 << 20))
    with pytest.raises(DataError, match="would grow"):
        read_vectors(tmp_path / "a.npz")
    pq.write_table(pa.table({"x": pa.array(np.zeros(100_000_000, np.int8)).dictionary_encode()}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="such a file is not read"):
        read_vectors(tmp_path / "a.parquet")
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", 1 << 40) + b"{}")
    with pytest.raises(DataError, match="its header would have"):
        read_vectors(tmp_path / "a.safetensors")


def test_weights_that_say_more_than_they_hold_are_refused(tmp_path: Path) -> None:
    import torch

    torch.save({"a": torch.zeros(1).expand(1 << 20, 1 << 20)}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="says more numbers than the file has"):
        read_weights(tmp_path / "a.pt")
    torch.save({"a": torch.zeros(1 << 23)}, tmp_path / "b.pt")
    with zipfile.ZipFile(tmp_path / "b.pt") as old, zipfile.ZipFile(tmp_path / "c.pt", "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
    with pytest.raises(CheckpointError, match="would grow to"):
        read_weights(tmp_path / "c.pt")
    (tmp_path / "d.safetensors").write_bytes(struct.pack("<Q", 1 << 40) + b"{}")
    with pytest.raises(CheckpointError, match="its header would have"):
        read_weights(tmp_path / "d.safetensors")
    assert read_weights(tmp_path / "b.pt")["a"].shape == (1 << 23,)


@pytest.mark.parametrize(
    "content",
    [b"{" + b" " * (9 << 20) + b"}", b"[" * 100_000, b'{"schema": 1e999}', b'{"schema": null}', b'{"schema": 1, "encoder": []}', b"\xff"],
)
def test_a_card_of_any_content_is_read_or_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"is no hypviz checkpoint card|has schema"):
        read_card(tmp_path / "a.safetensors")


@pytest.mark.parametrize("shape", ["L200_W65536_A1_P16", "L99999999_W64_A1_P16", "L1_W64_A1_P" + "9" * 30])
def test_a_name_cannot_ask_for_a_network_larger_than_the_machine(shape: str) -> None:
    with pytest.raises(SettingsError, match=r"larger than any|needs a number"):
        read_shape(shape, "LWAP")


def test_settings_cannot_ask_for_a_layer_larger_than_the_machine() -> None:
    with pytest.raises(SettingsError, match="direction_hidden × embed_dim"):
        EncoderSettings(direction_hidden=65536, embed_dim=65536)

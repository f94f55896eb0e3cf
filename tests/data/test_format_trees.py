"""YAML, XML and class trees at the edges of what each takes; and what files may cost."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats import limits, taxonomy, xml_text, yaml_text
from hypviz.data.formats.saved_arrow import check_saved
from hypviz.data.formats.taxonomy import parse_taxonomy, read_taxonomy
from hypviz.data.formats.xml_text import XmlError, read_xml
from hypviz.data.formats.yaml_text import read_yaml
from hypviz.data.raw import DropCounter
from hypviz.errors import DataError
from tests.data.reading import write


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]", r"y\.yaml: expected a mapping with names and train, got list\.$"),
        ("a: 1\na: 2\n", r"y\.yaml: not a YAML file \(line 2: the key 'a' stands twice\)\.$"),
        ("a: [1\nb: 2\n", r"y\.yaml: not a YAML file \(line 2: "),
        ("a: &x 1\nb: *x\n", r"\(line 2: aliases are not read here\)"),
        ('a: "\\d\nb: [', r"y\.yaml: not a YAML file \(line "),
        ("a: " + "[" * 40 + "]" * 40, r"\(line 1: more than 40 levels\)"),
        ("a: \x01", r"y\.yaml: not a YAML file \("),
    ],
)
def test_yaml_that_is_none_is_refused_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    write(tmp_path, {"y.yaml": text})
    with pytest.raises(DataError, match=message):
        read_yaml(tmp_path / "y.yaml")


def test_yaml_has_a_bounded_number_of_levels_entries_and_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "y.yaml"
    path.write_text("a: " + "[" * 39 + "]" * 39 + "\nb: " + "[" * 39 + "]" * 39)
    assert set(read_yaml(path)) == {"a", "b"}
    path.write_text("a: [1, 2]\n")  # the mapping, its key, the list and two numbers
    monkeypatch.setattr(yaml_text, "MAX_NODES", 5)
    assert read_yaml(path) == {"a": ["1", "2"]}
    monkeypatch.setattr(yaml_text, "MAX_NODES", 4)
    with pytest.raises(DataError, match=r"\(line 1: more than 4 entries\)"):
        read_yaml(path)
    monkeypatch.undo()
    monkeypatch.setattr(yaml_text, "MAX_YAML", 10)
    assert read_yaml(path) == {"a": ["1", "2"]}
    monkeypatch.setattr(yaml_text, "MAX_YAML", 9)
    with pytest.raises(DataError, match=r"the file has 10 bytes; at most 9 are read"):
        read_yaml(path)
    monkeypatch.undo()
    dropped = DropCounter()
    path.write_bytes('a: "C:\\Wölfe\\\\x"\n? [b]\n: c\n'.encode("cp1252"))
    with pytest.raises(DataError, match="not a YAML file"):
        read_yaml(path, dropped)
    path.write_bytes('a: "C:\\Wölfe\\\\x"\n'.encode("cp1252"))
    assert read_yaml(path, dropped) == {"a": "C:/Wölfe/x"} and dropped.notes[0] == "y.yaml is not UTF-8 and was read as Windows-1252"


def test_xml_has_a_bounded_number_of_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"x.xml": "<a/>"})
    monkeypatch.setattr(xml_text, "MAX_XML", 4)
    assert read_xml(tmp_path / "x.xml").tag == "a"
    monkeypatch.setattr(xml_text, "MAX_XML", 3)
    with pytest.raises(XmlError, match=r"^the file has 4 bytes; at most 3 are read\.$"):
        read_xml(tmp_path / "x.xml")


def test_xml_is_read_in_the_encoding_it_has_and_without_namespaces(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"

    def label(data: bytes) -> Any:
        path.write_bytes(data)
        root = read_xml(path)
        return root.tag, root.text

    text = "<a xmlns='urn:x'>Löwe</a>"
    head = "<?xml version='1.0' encoding='{}'?>\n"
    assert label(text.encode()) == label(b"\xef\xbb\xbf" + text.encode()) == label(text.encode("utf-16")) == ("a", "Löwe")
    for stated, real in (
        ("utf-8", "cp1252"),
        ("cp1252", "cp1252"),
        ("windows-1252", "cp1252"),
        ("utf-16", "utf-8"),
        ("none", "utf-8"),
        ("gbk", "gbk"),
    ):
        words = "猫猫" if real == "gbk" else "Löwe"
        assert label((head.format(stated) + f"<a>{words}</a>").encode(real)) == ("a", words), (stated, real)
    assert label((" \n" + head.format("utf-8") + text).encode()) == ("a", "Löwe")
    assert label((head.format("utf-8") + "<a>Löwe<?x y?></a>").encode("cp1252")) == ("a", "Löwe")
    assert label(text.encode("cp1252")) == ("a", "Löwe") and label(text.encode("utf-16-le")) == ("a", "Löwe")
    for data, message in (
        (b"<a", "unclosed token"),
        (b"", "no element found"),
        (b"<!doctype a><a/>", "has a DOCTYPE"),
        ("<!DOCTYPE a><a/>".encode("utf-16"), "has a DOCTYPE"),
    ):
        path.write_bytes(data)
        with pytest.raises(XmlError, match=message):
            read_xml(path)
    with pytest.raises(XmlError) as caught:
        read_xml(tmp_path / "none.xml")
    assert str(caught.value) == "there is no such annotation file."
    path.write_bytes(b"<a><?x y?><!-- z --><b xmlns:q='u'><q:c/></b></a>")
    assert [each.tag for each in read_xml(path).iter() if isinstance(each.tag, str)] == ["a", "b", "c"] and isinstance(
        read_xml(path), ET.Element
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n    b\n      c\n", r"^t, line 3: 'c' is indented by 6 spaces; expected whole steps of 4 spaces, as in"),
        ("a\n\tb\n\t \tc\n", r"^t, line 3: 'c' is indented by 2 tabs and 1 space; expected whole steps of 1 tab, as in"),
        ("a\n b\n   c\n", r"^t, line 3: 'c' is 2 levels deeper than 'b' above it; expected one\.$"),
        (" a\n", r"^t, line 1: 'a' is indented below nothing\.$"),
        ("a\n\nb\na\n", r"^t, line 4: 'a' is in line 1 already"),
        ('{"a": [], "a": []}', r"^t: 'a' is stated twice in one object"),
        ("{", r"^t: begins like JSON and is none \("),
        ('{"name": "a", "children": {"b": 1}}', r"^t: \"children\" of 'a' must be a list, got \{'b': 1\}\.$"),
        ('{"name": "a", "children": ["b", "b"]}', r"^t: 'b' occurs twice"),
        ('{"name": "a", "children": [{"children": []}]}', r"^t: expected a name, got null; the forms"),
        ('{"a": 5}', r"^t: 'a' has 5 under it; expected a list of names\. The forms are nested"),
        ('[["a"]]', r"^t: pair 1 has 1 entries; expected \[child, parent\]\.$"),
        ('[["a", "b"], ["a", "b", "c"]]', r"^t: pair 2 has 3 entries"),
        ('[{"id": "a", "hypernym": "b"}, {"hypernym": "a"}]', r"^t: record 2 has no \"name\", \"synset\" or \"id\""),
        ('[{"id": "a", "hypernym": "b"}, {"id": "a"}]', r"^t: two records are called 'a'; each needs"),
        ('[{"id": "a", "hypernym": {}}, {"id": "b", "hypernym": [[]]}]', r"^t: expected a name, got \[\]; the forms"),
    ],
)  # fmt: skip
def test_a_class_tree_that_is_none_is_refused_in_a_sentence(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_taxonomy(text, "t")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("animal\n  dog \n\n    hound\n  cat\nthing\n", "animal\n  dog\n    hound\n  cat\nthing\n"),
        ("animal\n\tdog\n\t\thound\n\t\tbig  dog\nthing\n\tcar", "animal\n  dog\n    hound\n    big dog\nthing\n  car\n"),
        (
            '{"name": "animal", "children": [{"name": "dog", "children": ["hound", 7]}, {"name": "cat", "children": null}]}',
            "animal\n  dog\n    hound\n    7\n  cat\n",
        ),
        ('[{"name": "animal", "children": ["dog"]}, "thing"]', "animal\n  dog\nthing\n"),
        ('{"animal": ["dog", "cat"], "dog": ["hound"], "thing": []}', "animal\n  dog\n    hound\n  cat\nthing\n"),
        ('{"name": ["dog"]}', "name\n  dog\n"),
        ('{"animal": [], "dog": []}', "animal\ndog\n"),
        (' [["dog", "animal"], ["hound", "dog"], ["animal", null], [5, "dog"]]', "animal\n  dog\n    hound\n    5\n"),
        (
            '[{"synset": "n2", "name": "dog", "hypernym": "n1"}, {"synset": "n1", "name": "animal"}, {"id": "hound", "hypernyms": ["n2"]}]',
            "animal\n  dog\n    hound\n",
        ),
        (
            '[{"id": "x", "synset": "n1", "name": "animal"}, {"id": "n1", "hypernym": ""}, {"wnid": "w", "hypernym": "animal"}]',
            None,
        ),
        ('{"n1": {"name": "animal"}, "n2": {"name": "dog", "hypernym": "n1"}, "n3": {"hypernym": "dog"}}', "animal\n  dog\n    n3\n"),
        (
            '[{"id": "a", "name": "crane", "hypernym": "bird"}, {"id": "b", "name": "crane", "hypernym": "a"}]',
            "bird\n  crane (a)\n    crane (b)\n",
        ),
        ('[{"id": "a", "hypernym": null, "hypernyms": "b"}]', "b\n  a\n"),
    ],
)
def test_a_class_tree_has_one_form_however_it_is_written(text: str, tree: str | None) -> None:
    if tree is None:
        with pytest.raises(DataError, match="two records are called 'n1'"):
            parse_taxonomy(text, "t")
    else:
        assert parse_taxonomy(text, "t").to_text() == tree


def test_the_depth_and_the_size_of_a_class_tree_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nested(levels: int) -> str:
        return '{"name": "n0"' + "".join(f', "children": [{{"name": "n{n}"' for n in range(1, levels)) + "}]" * (levels - 1) + "}"

    assert len(parse_taxonomy(nested(taxonomy.MAX_DEPTH), "t").names) == taxonomy.MAX_DEPTH
    with pytest.raises(DataError, match=rf"'n{taxonomy.MAX_DEPTH}' is more than {taxonomy.MAX_DEPTH} levels deep"):
        parse_taxonomy(nested(taxonomy.MAX_DEPTH + 1), "t")
    write(tmp_path, {"t.txt": "Bär\n"})
    monkeypatch.setattr(taxonomy, "MAX_BYTES", 5)
    assert read_taxonomy(tmp_path / "t.txt").names == ("Bär",)
    monkeypatch.setattr(taxonomy, "MAX_BYTES", 4)
    assert parse_taxonomy("Bär\n", "t").names == ("Bär",)
    with pytest.raises(DataError, match=r"t\.txt: the file has 5 bytes; at most 4 are read"):
        read_taxonomy(tmp_path / "t.txt")
    with pytest.raises(DataError, match="t: has 5 characters; at most 4 are read of a class tree"):
        parse_taxonomy("abcd\n", "t")


def test_of_several_hypernyms_the_first_counts_and_shared_names_get_their_ids() -> None:
    notes: list[str] = []
    text = """[{"synset": "n1", "name": "animal", "hypernyms": []}, {"wnid": "n2", "name": "dog", "hypernym": ["n1", "n9"]},
      {"id": "n3", "name": "crane", "hypernym": "n1"}, {"id": "n4", "name": "crane", "hypernym": "machine"},
      {"id": "n5", "hypernym": "dog"},
      {"name": "pup", "hypernyms": ["n5", "n1"]}]"""
    tree = parse_taxonomy(text, "t", notes)
    assert set(tree.names) == {"animal", "dog", "crane (n3)", "crane (n4)", "machine", "n5", "pup"}
    assert notes == [
        "t: of several hypernyms the first counts (2 records)",
        "t: behind names that several records share stand their ids (2 records)",
    ]
    by_id = '{"n1": {"name": "animal"}, "n2": {"name": "dog", "hypernym": "n1"}, "n3": {"id": "x", "hypernym": "n2"}}'
    notes.clear()
    assert set(parse_taxonomy(by_id, "t", notes).names) == {"animal", "dog", "x"} and notes == []
    parse_taxonomy('{"n1": {"name": "animal"}, "n2": {"name": "dog", "hypernyms": ["n1", "n3"]}}', "t", notes)
    assert notes == ["t: of several hypernyms the first counts (1 records)"]


def test_parquet_is_read_in_batches_that_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    for name, count in (("small", 10), ("large", 1000)):
        parquet.write_table(pa.table({"a": ["x" * 10] * 3, "b": [str(n) * 20 for n in range(count)][:3] * 1}), tmp_path / name)
    sizes = [parquet.read_metadata(tmp_path / "small").row_group(0).column(place).total_uncompressed_size for place in (0, 1)]
    small = [str(tmp_path / "small")]
    assert limits.batch_rows(small) == limits.batch_rows([]) == 1000
    monkeypatch.setattr(limits, "BATCH_MEMORY", 7 * max(sizes) + 1)
    assert limits.batch_rows(small) == limits.batch_rows(small * 2) == 7
    monkeypatch.setattr(limits, "BATCH_MEMORY", 1)
    assert limits.batch_rows(small) == 1
    monkeypatch.setattr(limits, "MAX_COLUMN", max(sizes))
    assert limits.batch_rows(small) == 1
    monkeypatch.setattr(limits, "MAX_COLUMN", max(sizes) - 1)
    with pytest.raises(DataError, match=rf"small: a column has {max(sizes)} bytes in one row group"):
        limits.batch_rows(small)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("state.json", {"_data_files": [{"filename": "a.arrow"}, {"filename": "s/b.arrow"}]}, ""),
        ("dataset_dict.json", {"splits": ["train"]}, ""),
        ("s/state.json", {"_data_files": [{"filename": "../a.arrow"}]}, r"s/state\.json names '\.\./a\.arrow'; expected a file of its own"),
        ("state.json", {"_data_files": [{"filename": "/a"}]}, r"names '/a'"),
        ("state.json", {"_data_files": [{"filename": "c:a"}]}, r"names 'c:a'"),
        ("state.json", {"_data_files": [{"filename": "a\0"}]}, r"names 'a\\x00'"),
        ("state.json", {"_data_files": [{"filename": 5}]}, r"names '5'"),
        ("state.json", {"_data_files": [{}]}, r"names 'None'"),
        ("state.json", {"_data_files": [{"filename": "/" + "x" * 90}]}, rf"names '/{'x' * 79}';"),
        ("state.json", {"_data_files": 5}, r"state\.json lists no files"),
        ("dataset_dict.json", [1], r"dataset_dict\.json lists no files"),
        ("dataset_dict.json", {"splits": {"a": 1}}, r"lists no files"),
        ("x.ARROW", "ARROW1 and no more", r"x\.ARROW is a damaged Arrow file \("),
        ("x.arrow", "no stream", r"x\.arrow is a damaged Arrow file \("),
        ("x.json", "{", ""),
    ],
)
def test_a_saved_folder_names_its_own_files_and_holds_whole_ones(name: str, content: Any, message: str, tmp_path: Path) -> None:
    write(tmp_path, {name: content})
    if message:
        with pytest.raises(DataError, match=message):
            check_saved(tmp_path)
    else:
        check_saved(tmp_path)

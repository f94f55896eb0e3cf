"""Modules as one classic script: what it exports and imports stays right in a real interpreter, and what it cannot read is refused."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

from hypviz.paths import ASSETS
from hypviz.server import bundle, page_files

ENTRIES = (
    page_files.MAIN, page_files.EXPLORE, page_files.EVALUATE, page_files.ANNOTATE, page_files.TUNE,
    page_files.OFFLINE, page_files.PUBLISHED,
)  # fmt: skip
NO_MODULES = {"shared/reach.js"}
"""What stands in the page itself (`page_html`), since whatever is wrong may keep every other file away."""


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")


def run(script: str, given: str) -> object:
    """What an expression is after a script, in an interpreter where every top-level name would be seen."""
    node = compute_driver_executable()[0]
    code = f"""const vm = require("vm"), box = vm.createContext({{document: {{baseURI: "file:///page.html"}}}});
    vm.runInContext({json.dumps(script)}, box);
    console.log(JSON.stringify(vm.runInContext({json.dumps(given)}, box)));"""
    done = subprocess.run([node, "-e", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


BASE = """
let count = 0;
export function next() {
  return ++count;
}
export class Pair {}
export const NAME = "base";
const hidden = 1;
"""
ONE = """import * as base from "./base.js";
import {
  next,
  NAME as name,
} from "./base.js";

const hidden = 2; // also a name of base.js
export const seen = [base.NAME, name, next(), hidden];
export async function later() {}
"""
ENTRY = """import { seen, later } from "./one.js";
import { next } from "./base.js";
globalThis.result = [...seen, next(), later instanceof Function, import.meta.url];
"""


def test_what_modules_export_reaches_those_that_import_it_and_nothing_else_does(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, one=ONE, entry=ENTRY)
    script = bundle.classic_script(tmp_path, "entry.js")
    assert run(script, "result") == ["base", "base", 1, 2, 2, True, "file:///page.html"]
    assert run(script, "['hidden', 'seen', 'modules', 'next'].map((name) => eval(`typeof ${name}`))") == ["undefined"] * 4


def test_modules_come_after_what_they_import_each_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        a='import { b } from "./b.js";\nimport { c } from "./c.js";\n',
        b='import { c } from "./c.js";\nexport const b = c;\n',
        c="export const c = 1;\n",
    )
    assert [module.name for module in bundle.in_order(tmp_path, ["a.js", "b.js"])] == ["c.js", "b.js", "a.js"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("export default 1;\n", "'export default 1;'"),
        ("export let x = 1;\n", "export let"),
        ("const x = 1;\nexport { x };\n", "export {"),
        ('import x from "./b.js";\n', "import x"),
        ('import "./b.js";\n', "import"),
        ('export * from "./b.js";\n', "export"),
        ('import { x } from "package";\n', "package"),
        ('import { y } from "./b.js";\n', "a.js imports y from b.js, which exports no such thing"),
        ('import { back } from "./circle.js";\n', "a.js → circle.js → a.js"),
        ('export const later = () => import("./b.js");\n', "a.js fetches modules when they are needed"),
    ],
)
def test_what_it_cannot_read_is_refused(tmp_path: Path, text: str, told: str) -> None:
    write(tmp_path, a=text, b="export const x = 1;\n", circle='import { later } from "./a.js";\nexport const back = 1;\n')
    with pytest.raises(ValueError) as error:
        bundle.classic_script(tmp_path, "a.js")
    assert told in str(error.value)


def test_a_type_named_in_a_comment_fetches_nothing(tmp_path: Path) -> None:
    write(
        tmp_path,
        a='// @ts-check\nimport { x } from "./b.js";\n/** @param {import("./b.js").X} y */\nglobalThis.seen = x;\n',
        b="export const x = 1;\n",
    )
    assert run(bundle.classic_script(tmp_path, "a.js"), "seen") == 1


def test_the_offline_page_is_one_script_that_parses() -> None:
    script = page_files.script_text(ASSETS / page_files.OFFLINE)
    done = subprocess.run([compute_driver_executable()[0], "--check", "-"], input=script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_all_modules_of_the_page_can_be_read_and_none_is_left_over() -> None:
    found = {module.name for module in bundle.in_order(ASSETS, ENTRIES)}
    typed = {path.relative_to(ASSETS).as_posix() for path in ASSETS.rglob("types.js")}
    assert found == {path.relative_to(ASSETS).as_posix() for path in ASSETS.rglob("*.js")} - NO_MODULES - typed


@pytest.mark.parametrize("path", sorted(ASSETS.rglob("types.js")), ids=lambda path: path.parent.name)
def test_a_file_of_types_is_one_comment_which_no_page_fetches(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("/**\n") and text.index("*/") == len(text) - len("*/\n")


def test_the_offline_page_needs_the_disk_and_no_tab() -> None:
    names = [module.name for module in bundle.in_order(ASSETS, [page_files.OFFLINE])]
    assert {name.split("/")[0] for name in names} <= {"disk", "shared", "offline"}

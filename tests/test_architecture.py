"""The layers of the package, read from its source, and what starting it may load."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worlds import TinyWorld

ROOT = Path(__file__).resolve().parents[1]
LAYERS: tuple[set[str], ...] = (
    {"errors", "paths", "environment", "progress", "geometry"},
    {"config", "storage", "jobs", "metrics"},
    {"data", "hub", "search"},
    {"clipart", "openimages", "health", "model", "viz"},
    {"workspace"},
    {"access", "evaluation", "vectors"},
    {"inference"},
    {"explore", "training"},
    {"annotate", "evaluation.page", "finetune"},
    {"experiments"},
    {"server.edge"},
    {"server"},
    {"cli", "notebook"},
    {"__init__", "__main__", "app"},
)
"""Units from the bottom up; each imports what lies below, and nothing beside it."""
SUBUNITS = {"evaluation.page", "server.edge"}
"""Packages inside a package that have a layer of their own."""
ONLY_IN = {
    "gradio": {"server", "server.edge"},
    "fastapi": {"server", "server.edge"},
    "starlette": {"server", "server.edge"},
    "uvicorn": {"server"},
    "pydantic": {"server"},
    "plotly": {"viz", "server"},
    "umap": {"viz"},
    "open_clip": {"model"},
    "timm": {"model"},
    "peft": {"model"},
    "huggingface_hub": {"hub"},
    "safetensors": {"model", "vectors"},
    "pyarrow": {"data", "openimages", "workspace", "vectors"},
    "filelock": {"storage", "server"},
    "typer": {"cli", "app"},
    "rich": {"progress"},
    "pandas": set(),
    "requests": set(),
}
"""Libraries with the units that may import them at all."""
HEAVY = ("torch", "torchvision", "gradio", "pyarrow", "open_clip", "timm", "umap", "scipy", "fastapi", "plotly")


def module_name(path: Path) -> str:
    """The dotted name of a source file; a package ends in .__init__, as relative imports need it."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def unit(module: str) -> str:
    """The part of the package that a module belongs to: hypviz.clipart.draw → clipart, hypviz.server.edge.log → server.edge."""
    parts = module.split(".")
    if parts[0] != "hypviz":
        return parts[0]
    if ".".join(parts[1:3]) in SUBUNITS:
        return ".".join(parts[1:3])
    return parts[1] if len(parts) > 1 else "__init__"


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, wherever in the file; `from package import module` counts as both."""
    package = module_name(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module or ""
            yield from (f"{base}.{alias.name}" for alias in node.names)


SOURCES = [*sorted((ROOT / "hypviz").rglob("*.py")), ROOT / "app.py"]
IMPORTS = {module_name(path): set(imports(path)) for path in SOURCES}
LEVEL = {name: level for level, units in enumerate(LAYERS) for name in units}
ROOT_MODULES = 8


def known(target: str) -> str | None:
    """The hypviz module behind an imported name (which may be one of its functions), None for others."""
    if target.split(".")[0] != "hypviz":
        return None
    for candidate in (target, target.rpartition(".")[0]):
        for module in (candidate, f"{candidate}.__init__"):
            if module in IMPORTS:
                return module
    return None


def test_every_module_has_its_layer() -> None:
    homeless = sorted({unit(module) for module in IMPORTS} - set(LEVEL))
    assert not homeless, f"put {homeless} into LAYERS"


@pytest.mark.parametrize("module", sorted(IMPORTS))
def test_imports_point_down_the_layers(module: str) -> None:
    own = unit(module)
    for target in sorted(IMPORTS[module]):
        other = known(target)
        if other is None or unit(other) in (own, "__init__"):
            continue
        assert LEVEL[unit(other)] < LEVEL[own], f"{module} imports {target}, which is not below {own}"


def test_few_modules_lie_at_the_root() -> None:
    assert len(list((ROOT / "hypviz").glob("*.py"))) <= ROOT_MODULES


def test_no_modules_import_each_other_in_a_circle() -> None:
    # A package and its own modules know each other by design; what is forbidden is a circle among modules.
    modules = [module for module in IMPORTS if not module.endswith("__init__")]
    graph = {module: {known(target) for target in IMPORTS[module]} & set(modules) - {module} for module in modules}
    while graph:
        free = [module for module, others in graph.items() if not others & set(graph)]
        assert free, f"a circle among {sorted(graph)}"
        for module in free:
            del graph[module]


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_a_library_is_used_only_where_it_belongs(library: str) -> None:
    users = {unit(module) for module, targets in IMPORTS.items() if any(t.split(".")[0] == library for t in targets)}
    assert users <= ONLY_IN[library], f"{library} is imported in {sorted(users - ONLY_IN[library])}"
    assert users or not ONLY_IN[library], f"nobody imports {library}: the rule is out of date"


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The heavy libraries that a fresh Python has loaded after `code`."""
    code += f"\nimport sys; print('LOADED', *[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


COMMAND_HELP = """
import runpy, sys
sys.argv = ["hypviz", "--help"]
try:
    runpy.run_module("hypviz", run_name="__main__")
except SystemExit as end:
    assert not end.code
"""
APP_HELP = """
import sys
sys.argv = ["app.py", "--help"]
import app
try:
    app.main()
except SystemExit as end:
    assert not end.code
"""


def test_the_probe_sees_what_is_loaded() -> None:
    assert loaded_by("import scipy") == {"scipy"}


@pytest.mark.parametrize(
    "code",
    ["import hypviz", "import hypviz.cli", COMMAND_HELP, APP_HELP],
    ids=["hypviz", "hypviz.cli", "python -m hypviz --help", "app.py --help"],
)
def test_starting_loads_nothing_heavy(code: str) -> None:
    assert loaded_by(code) == set()


def test_a_view_with_a_stored_embedding_needs_no_torch(tiny_world: TinyWorld) -> None:
    code = (
        "import sys\n"
        "from hypviz.explore.view import View\nfrom hypviz.workspace.store import Workspace\n"
        "view = View(Workspace.open(sys.argv[1]), sys.argv[2])\n"
        "view.describe(), view.facts(), view.points(), view.thumb(0), view.picture(0)\n"
        "assert view.select({'row': 0}, 3.0)['children']\n"
    )
    loaded = loaded_by(code, str(tiny_world.workspace), str(tiny_world.checkpoint))
    assert "pyarrow" in loaded  # the workspace was read
    assert not loaded & {"torch", "torchvision", "gradio", "open_clip", "timm", "umap"}

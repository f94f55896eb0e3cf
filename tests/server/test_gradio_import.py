"""Gradio is imported without writing hints of its own components; those of others get theirs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
THEIRS = """
from gradio.components.base import Component

class Theirs(Component):
    EVENTS = ["change"]
"""
LOOKED_AT = """
import ast, json
import hypviz.server
seen, segment = [], ast.get_source_segment
ast.get_source_segment = lambda source, node, **options: seen.append(node.name) or segment(source, node, **options)
import gradio
import theirs
print(json.dumps(seen))
"""


def test_only_components_of_others_are_given_hints(tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text(THEIRS)
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", LOOKED_AT]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=120)
    assert set(json.loads(done.stdout)) == {"Theirs"}
    assert "def change" in (tmp_path / "theirs.pyi").read_text()

"""`python -m hypviz export onnx`: a checkpoint's image tower and head as one file that runs without hypviz and torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hypviz.cli.output import AsJson, fetched, say_licence, show


def onnx(
    checkpoint: Annotated[
        str, typer.Option(callback=fetched, help="A checkpoint's name, its file, a MERU, HyCoCLIP or OpenCLIP file, or hf://OWNER/MODEL.")
    ],
    out: Annotated[Path, typer.Option(help="The .onnx file to write.")],
    as_json: AsJson = False,
) -> None:
    """Write the image tower and head as ONNX, checked in onnxruntime. Needs the extra: pip install "hypviz[onnx]".

    What hypviz does with pictures and their boxes together afterwards (boxes_from, context, contents in the card) is not in the file.
    """
    from hypviz.model.onnx_file import write_onnx

    written = write_onnx(out, checkpoint)
    say_licence(checkpoint)
    about = written.about
    result = {"file": str(out), "bytes": written.bytes, "difference": written.difference, "metadata": about}
    shapes = f"pictures N×3×{about['image_size']}×{about['image_size']} in 0…1 → directions N×{about['dimension']}, radii N"
    show(
        result,
        f"{out}: {written.bytes:,} bytes; {shapes}; differs from hypviz by at most {written.difference:.1e} in onnxruntime",
        as_json=as_json,
    )

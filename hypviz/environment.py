"""What a process that serves the page, or measures it, needs in its environment before any library loads."""

from __future__ import annotations

import os


def prepare_environment() -> None:
    """Nothing leaves the machine, and OpenBLAS's threads sleep after a product instead of spinning for 25 ms, which a browser on the same
    cores needs to draw the answer. What is set already stays."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "10")  # 2^10 cycles

"""What the Evaluate tab needs, without Gradio: run evaluations in the background, keep them, and answer about them.

A `EvaluationService` stands beside a library. It runs one evaluation at a time, with progress and cancel; results lie in the
workspace, keyed by checkpoint, data and settings, so a second look is instant. A `EvaluationResult` is one finished comparison:
its tables and curves, and the pictures behind every number.
"""

from hypviz.evaluation.page.options import EvaluationOptions
from hypviz.evaluation.page.result import EvaluationResult
from hypviz.evaluation.page.service import EvaluationService

__all__ = ["EvaluationOptions", "EvaluationResult", "EvaluationService"]

"""Evaluation of an embedding on a hierarchy (method.md §4): the paper's tasks, and baselines in the same report.

Rank metrics and curves come from exact search over all candidates, streamed by query, so memory stays flat. No model
and no picture is needed: items, their hierarchy and an embedding are enough.
"""

from hypviz.evaluate.calibrate import calibrate_omega
from hypviz.evaluate.report import Evaluation, TaskResult
from hypviz.evaluate.run import evaluate
from hypviz.evaluate.settings import EvaluateSettings

__all__ = ["EvaluateSettings", "Evaluation", "TaskResult", "calibrate_omega", "evaluate"]

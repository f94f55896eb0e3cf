"""Evaluation of an embedding on a hierarchy (method.md §4): the paper's tasks, and baselines in the same report.

Rank metrics and curves come from exact search over all candidates, streamed by query, so memory stays flat. No model
and no picture is needed: items, their hierarchy and an embedding are enough.
"""

from hypviz.evaluate.calibrate import calibrate_omega
from hypviz.evaluate.classes import ClassRow, per_class, per_class_csv, per_class_rows
from hypviz.evaluate.examples import Example, examples
from hypviz.evaluate.graph import graph_from
from hypviz.evaluate.membership import MembershipQuality, by_class, by_instance, cone_blocks, membership_quality
from hypviz.evaluate.ordered import Ordered, norm_ordered
from hypviz.evaluate.paper import paper_tables
from hypviz.evaluate.report import Evaluation, TaskResult
from hypviz.evaluate.retrieval import admitted_by_level, break_even_cones, calibrate_retrieval
from hypviz.evaluate.run import check_judgeable, evaluate
from hypviz.evaluate.settings import EvaluateSettings
from hypviz.evaluate.tables import Cell, Column, Row, Table
from hypviz.evaluate.task import LISTED, Ranking, Scorer
from hypviz.evaluate.units import is_share, lower_is_better

__all__ = [
    "LISTED",
    "Cell",
    "ClassRow",
    "Column",
    "EvaluateSettings",
    "Evaluation",
    "Example",
    "MembershipQuality",
    "Ordered",
    "Ranking",
    "Row",
    "Scorer",
    "Table",
    "TaskResult",
    "admitted_by_level",
    "break_even_cones",
    "by_class",
    "by_instance",
    "calibrate_omega",
    "calibrate_retrieval",
    "check_judgeable",
    "cone_blocks",
    "evaluate",
    "examples",
    "graph_from",
    "is_share",
    "lower_is_better",
    "membership_quality",
    "norm_ordered",
    "paper_tables",
    "per_class",
    "per_class_csv",
    "per_class_rows",
]

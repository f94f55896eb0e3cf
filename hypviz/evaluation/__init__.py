"""Evaluation of an embedding on a hierarchy (method.md §4): the paper's tasks, and baselines in the same report.

Rank metrics and curves come from exact search over all candidates, streamed by query, so memory stays flat. No model
and no picture is needed: items, their hierarchy and an embedding are enough.
"""

from hypviz.evaluation.calibrate import calibrate_omega
from hypviz.evaluation.classes import ClassRow, per_class, per_class_csv, per_class_rows
from hypviz.evaluation.examples import Example, examples
from hypviz.evaluation.graph import graph_from
from hypviz.evaluation.membership import MembershipQuality, by_class, by_instance, cone_blocks, membership_quality
from hypviz.evaluation.ordered import Ordered, norm_ordered
from hypviz.evaluation.paper import paper_tables
from hypviz.evaluation.report import Evaluation, TaskResult
from hypviz.evaluation.retrieval import admitted_by_level, break_even_cones, calibrate_retrieval
from hypviz.evaluation.run import check_judgeable, evaluate
from hypviz.evaluation.settings import EvaluateSettings
from hypviz.evaluation.tables import Cell, Column, Row, Table
from hypviz.evaluation.task import LISTED, Ranking, Scorer
from hypviz.evaluation.units import is_share, lower_is_better

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

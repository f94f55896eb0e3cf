"""What the Evaluate tab needs, without Gradio: run evaluations in the background, keep them, and answer about them.

A `Desk` stands beside a library. It runs one evaluation at a time, with progress and cancel; results lie in the
workspace, keyed by checkpoint, data and settings, so a second look is instant. A `Review` is one finished comparison:
its tables and curves, and the pictures behind every number.
"""

from hypviz.evaluation.page.desk import Desk
from hypviz.evaluation.page.options import ReviewOptions
from hypviz.evaluation.page.review import Review

__all__ = ["Desk", "Review", "ReviewOptions"]

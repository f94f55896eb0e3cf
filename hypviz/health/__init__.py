"""The health of a hierarchy: what in the annotations, and in an embedding of them, deserves a second look.

No picture and no model is needed: items, their hierarchy and, for the checks on vectors, an embedding. Every check
lists all it found, worst first.
"""

from hypviz.health.report import Check, Health
from hypviz.health.run import health_report
from hypviz.health.settings import HealthSettings

__all__ = ["Check", "Health", "HealthSettings", "health_report"]

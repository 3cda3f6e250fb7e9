"""From what a training left behind to a verdict: reading runs, diagnosing and comparing them."""

from recgen.analysis.diagnosing import diagnose
from recgen.analysis.diagnosis import REMOVED, Cause, Diagnosis
from recgen.analysis.measured import Histogram, Interval, Metrics, Series
from recgen.analysis.run import Run, load_run

__all__ = [
    "REMOVED",
    "Cause",
    "Diagnosis",
    "Histogram",
    "Interval",
    "Metrics",
    "Run",
    "Series",
    "diagnose",
    "load_run",
]

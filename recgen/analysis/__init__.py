"""From what a training left behind to a verdict: reading runs, diagnosing and comparing them."""

from recgen.analysis.diagnosing import diagnose
from recgen.analysis.diagnosis import REMOVED, Cause, Diagnosis
from recgen.analysis.run import Run, load_run

__all__ = [
    "REMOVED",
    "Cause",
    "Diagnosis",
    "Run",
    "diagnose",
    "load_run",
]

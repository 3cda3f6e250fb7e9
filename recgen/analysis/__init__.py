"""Analysis of finished runs: reading, diagnosing, comparing and reporting them."""

from recgen.analysis.diagnosing import diagnose
from recgen.analysis.diagnosis import REMOVED, Cause, Diagnosis
from recgen.analysis.run import Run, load_run, run_of

__all__ = [
    "REMOVED",
    "Cause",
    "Diagnosis",
    "Run",
    "diagnose",
    "load_run",
    "run_of",
]

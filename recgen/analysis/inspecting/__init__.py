"""`recgen inspect`: what TFRecords, vocabularies and models hold, and whether they agree."""

from recgen.analysis.inspecting.inspection import inspect
from recgen.analysis.inspecting.report import Inspection, Issue

__all__ = ["Inspection", "Issue", "inspect"]

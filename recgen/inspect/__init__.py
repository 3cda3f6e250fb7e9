"""`recgen inspect`: what TFRecords, vocabularies and models hold, and whether they agree."""

from recgen.inspect.inspection import inspect
from recgen.inspect.report import Inspection, Issue

__all__ = ["Inspection", "Issue", "inspect"]

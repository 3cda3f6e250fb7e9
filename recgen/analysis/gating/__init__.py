"""Gate: whether a model may be served, with reasons, in the file that a platform reads."""

from recgen.analysis.gating.blessing import FILE_NAME, Blessing, Check
from recgen.analysis.gating.gate import gate
from recgen.analysis.gating.minimum import Minimum, parse_minimum

__all__ = ["FILE_NAME", "Blessing", "Check", "Minimum", "gate", "parse_minimum"]

"""Report of runs: one self-contained HTML page without scripts."""

from recgen.analysis.report.page import MARK, report_page

__all__ = ["MARK", "report_page"]

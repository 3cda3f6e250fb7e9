"""Runs as one page to look at and to mail: HTML out, nothing is fetched and no script runs."""

from recgen.analysis.report.page import MARK, report_page

__all__ = ["MARK", "report_page"]

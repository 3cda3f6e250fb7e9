"""Output formats: reports for machines and the page of all rules. No I/O."""

from recgen.formats.github import as_github
from recgen.formats.markdown import rule_section, rules_page
from recgen.formats.plain import as_json
from recgen.formats.sarif import as_sarif

__all__ = ["as_github", "as_json", "as_sarif", "rule_section", "rules_page"]

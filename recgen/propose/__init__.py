"""First configs: an example to edit, or a proposal based on the data, with each guess explained."""

from __future__ import annotations

from recgen.propose.blank import blank_config
from recgen.propose.proposal import Proposal, propose
from recgen.propose.text import SCHEMA_FILE, SCHEMA_LINE

__all__ = ["SCHEMA_FILE", "SCHEMA_LINE", "Proposal", "blank_config", "propose"]

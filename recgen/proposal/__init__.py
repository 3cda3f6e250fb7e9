"""First configs: an example to edit, or a proposal based on the data, with each guess explained."""

from __future__ import annotations

from recgen.proposal.blank import blank_config
from recgen.proposal.choices import OPTIONS, ROLES, TIME_FORMAT, Choice, Given, Keys
from recgen.proposal.explained import NOBODY
from recgen.proposal.proposal import Proposal, propose
from recgen.proposal.reading import plain_settings, reading_of
from recgen.proposal.recipe import Recipe, read_recipe
from recgen.proposal.target import Kind, Wanted
from recgen.proposal.text import SCHEMA_FILE, SCHEMA_LINE

__all__ = [
    "NOBODY",
    "OPTIONS",
    "ROLES",
    "SCHEMA_FILE",
    "SCHEMA_LINE",
    "TIME_FORMAT",
    "Choice",
    "Given",
    "Keys",
    "Kind",
    "Proposal",
    "Recipe",
    "Wanted",
    "blank_config",
    "plain_settings",
    "propose",
    "read_recipe",
    "reading_of",
]

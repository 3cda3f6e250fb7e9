"""Plans: from a config to one frozen plan per generated file. Every decision is made here."""

from recgen.plan.columns import EVENT_TIME, InputColumn, input_columns
from recgen.plan.header import digest_of

__all__ = ["EVENT_TIME", "InputColumn", "digest_of", "input_columns"]

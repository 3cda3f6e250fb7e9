"""Config -> frozen plans, one per generated file: every decision is made here."""

from recgen.plan.columns import EVENT_TIME, InputColumn, input_columns
from recgen.plan.header import digest_of

__all__ = ["EVENT_TIME", "InputColumn", "digest_of", "input_columns"]

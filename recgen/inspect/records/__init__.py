"""TFRecord files and the few messages of TensorFlow that are looked at, without TensorFlow."""

from recgen.inspect.records.columns import Batch, Block, Column, Texts, Values
from recgen.inspect.records.example import KINDS, Kind, parse_example, write_example
from recgen.inspect.records.framing import Damage, RecordFile
from recgen.inspect.records.parsing import Parser
from recgen.inspect.records.wire import FormatError

__all__ = [
    "KINDS",
    "Batch",
    "Block",
    "Column",
    "Damage",
    "FormatError",
    "Kind",
    "Parser",
    "RecordFile",
    "Texts",
    "Values",
    "parse_example",
    "write_example",
]

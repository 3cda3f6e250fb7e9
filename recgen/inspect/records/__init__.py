"""TFRecord files and the few messages of TensorFlow that are looked at, without TensorFlow."""

from recgen.inspect.records.columns import Batch, Block, Column, Kind, Texts, Values
from recgen.inspect.records.errors import FormatError
from recgen.inspect.records.framing import Damage, RecordFile
from recgen.inspect.records.messages import Example
from recgen.inspect.records.parsing import Parser

__all__ = [
    "Batch",
    "Block",
    "Column",
    "Damage",
    "Example",
    "FormatError",
    "Kind",
    "Parser",
    "RecordFile",
    "Texts",
    "Values",
]

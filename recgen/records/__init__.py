"""TFRecord files and the few messages of TensorFlow that are looked at, without TensorFlow."""

from recgen.records.columns import Batch, Block, Column, Kind, Texts, Values
from recgen.records.errors import FormatError
from recgen.records.framing import Damage, RecordFile
from recgen.records.messages import Example
from recgen.records.parsing import Parser

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

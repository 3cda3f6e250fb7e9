"""The only reader: a file, a mapping or an object in, a config or findings out."""

from recgen.reading.document import Document
from recgen.reading.sources import read
from recgen.reading.validation import Parsed, data_section, load, parse, parse_sections

__all__ = ["Document", "Parsed", "data_section", "load", "parse", "parse_sections", "read"]

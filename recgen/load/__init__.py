"""The only reader: a file, a mapping or an object in, a config or findings out."""

from recgen.load.document import Document
from recgen.load.reading import read
from recgen.load.shape import Parsed, load, parse, parse_sections

__all__ = ["Document", "Parsed", "load", "parse", "parse_sections", "read"]

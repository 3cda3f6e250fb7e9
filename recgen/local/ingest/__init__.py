"""Reading files with transactions: one way for `check`, `init` and `train`.

`open_data` finds out what a file is; its columns are then read without conversion, and
`read_table` converts those of a config. No row is lost without a word: where it is not certain
what the rows are, reading ends with an error that names the line.
"""

from recgen.local.ingest.asked import AskedError, as_argument, as_option
from recgen.local.ingest.formats import DataFile, FileFormat, reading_keys
from recgen.local.ingest.reader import column_names, describe_file, open_data, read_rows
from recgen.local.ingest.rows import clean
from recgen.local.ingest.table import read_table, table_of

__all__ = [
    "AskedError",
    "DataFile",
    "FileFormat",
    "as_argument",
    "as_option",
    "clean",
    "column_names",
    "describe_file",
    "open_data",
    "read_rows",
    "read_table",
    "reading_keys",
    "table_of",
]

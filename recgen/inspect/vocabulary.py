"""A vocabulary file: lines, or TFRecords of them, as tensorflow-transform writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

import numpy as np

from recgen.findings import Severity, counted
from recgen.inspect.records import FormatError, RecordFile, Texts
from recgen.inspect.records.places import Place
from recgen.inspect.records.spans import Ints, Mask, Words, padded
from recgen.inspect.records.stream import is_header, pieces, read_head
from recgen.inspect.report import Entry, Issue, VocabularyReport, unreadable

_ENDS = 5  # entries of the head and of the tail
_LONGEST = 2**24  # bytes of a line
MAX_ENTRIES = 2**24
"""Entries that are read: 16 million, for each of which some 40 bytes are needed for a moment."""

_SHOWN = 3  # odd entries of each sort
# What tensorflow-transform writes where the data has no value, since it cannot write nothing.
_PLACEHOLDER = b"49d0cd50-04bb-48c0-bc6f-5b575dce351a"
_SPACES = np.zeros(256, np.bool_)
_SPACES[list(b" \t\n\r\v\f")] = True
_CONTROLS = np.zeros(256, np.bool_)
_CONTROLS[[*range(32), 127]] = True

_Oddity = tuple[str, Callable[[Texts], Ints]]


class VocabularyScan:
    """Reads a vocabulary once and gathers what a `VocabularyReport` says.

    Attributes:
        name: The file's name.
        entries: How many entries it has.
        issues: What is wrong with it.
    """

    def __init__(self, path: Place) -> None:
        self.path = path
        self.name = path.name
        self.entries = 0
        self.issues: list[Issue] = []
        self._head: list[Entry] = []
        self._tail: list[Entry] = []
        self._odd: dict[str, int] = {}
        self._examples: dict[str, list[Entry]] = {}
        self._is_empty = False
        self._hashes: list[Words] = []
        try:
            for texts in _entries(path, self.issues):
                self._add(texts)
        except FormatError as error:
            self.issues.append(Issue("broken-vocabulary", "error", self.name, error.message))
        except OSError as error:
            self.issues.append(unreadable(self.name, error))
        self._find_twice()
        self._judge()

    @property
    def digest(self) -> bytes:
        """What two vocabularies share if they have the same entries in the same order."""
        return b"".join(hashes.tobytes() for hashes in self._hashes)

    @property
    def known(self) -> Words:
        """The hashes of all entries, ordered."""
        known = np.concatenate([*self._hashes, np.zeros(0, np.uint64)])
        known.sort()
        return known

    def look_up(self, indices: Sequence[int]) -> dict[int, str]:
        """Returns the entries with some indices, as far as there are any; reads the file again.

        Args:
            indices: One or more.
        """
        wanted, found = np.unique(np.array(indices, np.int64)), dict[int, str]()
        first = 0
        with suppress(FormatError, OSError):  # which is an issue since the first reading
            for texts in _entries(self.path, []):
                own = wanted[(wanted >= first) & (wanted < first + len(texts))]
                values = texts[own - first]
                found |= {n: _text(v) for n, v in zip(own.tolist(), values, strict=True)}
                first += len(texts)
                if first > wanted[-1]:
                    break
        return found

    def _add(self, texts: Texts) -> None:
        count = len(texts)
        more = range(min(count, max(_ENDS - self.entries, 0)))
        self._head += [Entry(self.entries + n, _text(v)) for n, v in enumerate(texts[: len(more)])]
        last = texts[max(count - _ENDS, 0) :]
        start = self.entries + count - len(last)
        self._tail += [Entry(start + n, _text(v)) for n, v in enumerate(last)]
        self._tail = self._tail[-_ENDS:]
        if self.entries == 0 and count == 1:
            self._is_empty = next(iter(texts)) == _PLACEHOLDER
        for word, find in _ODDITIES:
            self._note(word, texts, find(texts))
        self._hashes.append(texts.hashes())
        self.entries += count
        if self.entries > MAX_ENTRIES:
            raise FormatError(f"it has more than {MAX_ENTRIES:,} entries")

    def _note(self, word: str, texts: Texts, places: Ints) -> None:
        if len(places):
            self._odd[word] = self._odd.get(word, 0) + len(places)
            known = self._examples.setdefault(word, [])
            first = places[: _SHOWN - len(known)]
            for place, text in zip(first.tolist(), texts[first], strict=True):
                known.append(Entry(self.entries + place, _text(text)))

    def _find_twice(self) -> None:
        """Count entries that are there again, and find the first of them.

        An order of all entries would take as much memory again as their hashes.
        """
        ordered = np.concatenate([*self._hashes, np.zeros(0, np.uint64)])
        ordered.sort()
        is_again = ordered[1:] == ordered[:-1]
        if not is_again.any():
            return
        self._odd["twice"] = int(is_again.sum())
        is_again[1:] &= ~is_again[:-1]  # each once
        texts = self.look_up(list(islice(self._places(ordered[1:][is_again]), _SHOWN)))
        self._examples["twice"] = [Entry(index, text) for index, text in texts.items()]

    def _places(self, repeated: Words) -> Iterator[int]:
        """Yields where entries with one of some hashes are, but for the first with each."""
        seen: set[int] = set()
        first = 0
        for hashes in self._hashes:
            for place in np.flatnonzero(np.isin(hashes, repeated)).tolist():
                if (value := int(hashes[place])) in seen:
                    yield first + place
                seen.add(value)
            first += len(hashes)

    def _judge(self) -> None:
        for word, (slug, severity, what, reason) in _JUDGED.items():
            if count := self._odd.get(word):
                shown = ", ".join(
                    f"{e.text!r} (line {e.index + 1:,})" for e in self._examples[word]
                )
                message = f"{what}: {count:,} of {self.entries:,}, {shown}; {reason}"
                figures = {"odd": count, "entries": self.entries}
                self.issues.append(Issue(slug, severity, self.name, message, figures))
        if (self.entries == 0 and not self.issues) or self._is_empty:
            what = "has no entry" if self.entries == 0 else "has a placeholder only"
            message = f"the vocabulary {what}: the data that it was made from had no value"
            self.issues.append(Issue("empty-vocabulary", "warning", self.name, message))

    def report(self, feature: str | None = None, counts: Ints | None = None) -> VocabularyReport:
        """Returns what was found.

        Args:
            feature: The feature whose values are its indices.
            counts: How many training values each index has.
        """

        def counted(entries: Sequence[Entry]) -> tuple[Entry, ...]:
            if counts is None:
                return tuple(entries)
            return tuple(Entry(e.index, e.text, int(counts[e.index])) for e in entries)

        return VocabularyReport(
            name=self.name,
            entries=self.entries,
            head=counted(self._head),
            tail=counted([e for e in self._tail if e.index >= len(self._head)]),
            odd=dict(self._odd),
            examples={word: counted(entries) for word, entries in self._examples.items()},
            feature=feature,
            unused=None if counts is None else int((counts[: self.entries] == 0).sum()),
        )


def _entries(path: Place, issues: list[Issue]) -> Iterator[Texts]:
    """Yields the entries in blocks."""
    if not is_header(read_head(path)):
        yield from _lines(path)
        return
    source = RecordFile(path)
    for block in source.blocks():
        yield Texts(block.buffer, block.starts, block.ends - block.starts)
    for damage in source.damage:
        message = f"after {counted(damage.record, 'entry', 'entries')}, the file {damage.message}"
        issues.append(Issue(damage.slug, "error", path.name, message))


def _lines(path: Place) -> Iterator[Texts]:
    """Yields lines as TensorFlow's tables read them: each ends at a line feed or at the end."""
    rest = b""
    for piece in pieces(path):
        data = rest + piece
        stop = data.rfind(b"\n") + 1
        if stop:
            yield _split(data[:stop])
        rest = data[stop:]
        if len(rest) > _LONGEST:
            raise FormatError(f"a line is longer than {_LONGEST:,} bytes: it is not a vocabulary")
    if rest:
        yield _split(rest + b"\n")


def _split(data: bytes) -> Texts:
    buffer = padded(data)
    ends = np.flatnonzero(buffer[: len(data)] == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))
    return Texts(buffer, starts, ends - starts)


def _text(value: bytes) -> str:
    return value.decode(errors="backslashreplace")


def _empty(texts: Texts) -> Ints:
    return np.flatnonzero(texts.lengths == 0)


def _blank(texts: Texts) -> Ints:
    """Returns those with nothing but space."""
    return np.flatnonzero((texts.lengths > 0) & (_many(texts, ~_SPACES) == 0))


def _controls(texts: Texts) -> Ints:
    is_blank = _many(texts, ~_SPACES) == 0
    return np.flatnonzero((_many(texts, _CONTROLS) > 0) & ~is_blank)


def _not_utf8(texts: Texts) -> Ints:
    try:
        texts.buffer.tobytes().decode()
    except UnicodeDecodeError:
        wrong = (n for n, value in enumerate(texts) if "\ufffd" in value.decode(errors="replace"))
        return np.fromiter(wrong, np.int64)
    return np.zeros(0, np.int64)


def _many(texts: Texts, table: Mask) -> Ints:
    """Returns how many bytes of each text are in a table of bytes, [texts]."""
    before = np.concatenate(([0], np.cumsum(table[texts.buffer])))
    found: Ints = before[texts.starts + texts.lengths] - before[texts.starts]
    return found


_ODDITIES: tuple[_Oddity, ...] = (
    ("empty", _empty),
    ("blank", _blank),
    ("control", _controls),
    ("not_utf8", _not_utf8),
)
_ORIGIN = "look where they come from in the data"
_JUDGED: dict[str, tuple[str, Severity, str, str]] = {
    "twice": (
        *("duplicate-entry", "error", "entries that are there twice"),
        "TensorFlow refuses such a table",
    ),
    "empty": (
        *("empty-entry", "error", "empty entries"),
        "tensorflow-transform writes none: the file was changed",
    ),
    "blank": ("blank-entry", "warning", "blank entries", _ORIGIN),
    "control": ("control-characters", "warning", "entries with control characters", _ORIGIN),
    "not_utf8": ("not-utf8", "warning", "entries that are no UTF-8", _ORIGIN),
}

"""The features' names that have been met, and how to recognize many of them at once."""

from __future__ import annotations

import numpy as np

from recgen.inspect.records.spans import Bytes, Ints, Words, masked_words, mix, words_of
from recgen.inspect.records.wire import FormatError

MAX_NAMES = 10_000
"""More different names than this are no table; what is kept of each would fill the memory."""


class Names:
    """Numbers names in the order in which they are met.

    Attributes:
        known: The names by their numbers.
    """

    def __init__(self) -> None:
        self.known: list[str] = []
        self._keys: list[bytes] = []
        self._set_tables()

    def _set_tables(self) -> None:
        """Makes the tables for recognizing: names' words, [names, words], ordered by hash."""
        longest = max(map(len, self._keys), default=0)
        width = (longest + 7) // 8
        table = b"".join(key.ljust(8 * width, b"\0") for key in self._keys)
        self._words = np.frombuffer(table, np.dtype("<u8")).reshape(len(self._keys), width)
        self._lengths = np.array([len(key) for key in self._keys], np.int64)
        hashes = self._lengths.astype(np.uint64)
        for column in range(width):
            has = self._lengths > 8 * column
            hashes[has] = mix(hashes[has] ^ self._words[has, column])
        self._order = np.argsort(hashes)
        self._hashes = hashes[self._order]

    def identify(self, buffer: Bytes, starts: Ints, lengths: Ints) -> Ints:
        """Returns the number of each name, and remembers those that are new.

        Args:
            buffer: Padded.
            starts: Where the names begin, [names].
            lengths: Their lengths in bytes, [names].

        Returns:
            The numbers; -1 for a name that is no UTF-8.

        Raises:
            FormatError: There are more than `MAX_NAMES` names.
        """
        words = words_of(buffer)
        numbers, hashes = self._find(words, starts, lengths)
        unknown = np.flatnonzero(numbers < 0)
        if len(unknown) == 0:
            return numbers
        _, first = np.unique(hashes[unknown], return_index=True)
        for at in unknown[np.sort(first)]:
            self._add(buffer[starts[at] : starts[at] + lengths[at]].tobytes())
        self._set_tables()
        numbers[unknown], _ = self._find(words, starts[unknown], lengths[unknown])
        return numbers

    def _find(self, words: Words, starts: Ints, lengths: Ints) -> tuple[Ints, Words]:
        """Returns names' numbers, -1 for those that are not known, and their hashes."""
        pieces = list(masked_words(words, starts, lengths))
        hashes = lengths.astype(np.uint64)
        for which, word in pieces:
            hashes[which] = mix(hashes[which] ^ word)
        if not self._keys:
            return np.full(len(starts), -1), hashes
        place = np.minimum(np.searchsorted(self._hashes, hashes), len(self._keys) - 1)
        numbers = self._order[place]
        # The hash only says where to look: a name is the same when all of its bytes are.
        is_same = self._lengths[numbers] == lengths
        for column, (which, word) in enumerate(pieces[: self._words.shape[1]]):
            is_same[which] &= self._words[numbers[which], column] == word
        return np.where(is_same, numbers, -1), hashes

    def _add(self, key: bytes) -> None:
        try:
            name = key.decode()
        except UnicodeDecodeError:
            return
        if len(self._keys) == MAX_NAMES:
            raise FormatError(f"its records have more than {MAX_NAMES:,} different features")
        self.known.append(name)
        self._keys.append(key)

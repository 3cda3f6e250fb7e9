"""What became of a row: what was ignored, what was decided, and what only a person knows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from recgen.findings import Finding, Location, join_path
from recgen.reading.plain import Plain

IGNORED = "RP001"
DECIDED = "RP002"
FURTHER = "RP003"
UNREADABLE = "RP010"
UNUSABLE = "RP011"
_ITEM = re.compile(r"features\.(\w+)\[(\d+)\]")
_LISTED = 12  # settings in a note


@dataclass
class Account:
    """Collects what is said about a row while it is read.

    Attributes:
        ignored: Settings that have no effect, as with the former generator, and how many there are.
        unknown: Those among them that the library does not have.
        decided: What was decided where the row says nothing, or says it in another way.
        questions: What only a person can answer.
        errors: What keeps the row from being read.
        places: What was made of the items of lists, by identity, with the index in the row.
    """

    ignored: dict[str, int] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    decided: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    errors: list[Finding] = field(default_factory=list)
    places: dict[int, tuple[object, int]] = field(default_factory=dict)

    def ignore(self, setting: str, *, is_known: bool = True) -> None:
        """Count a setting that has no effect; one that is not known has none in the library."""
        self.ignored[setting] = self.ignored.get(setting, 0) + 1
        if not is_known:
            self.unknown.add(setting)

    def decide(self, what: str) -> None:
        """Add a decision."""
        self.decided.append(what)

    def ask(self, question: str) -> None:
        """Add a question."""
        self.questions.append(question)

    def refuse(self, code: str, place: Location, message: str, help: str) -> None:
        """Add an error."""
        self.errors.append(Finding(code, "error", join_path(place), message, help))

    def place(self, item: object, index: int) -> None:
        """Remember which item of a list in the row became this one."""
        self.places.setdefault(id(item), (item, index))  # kept, so that no other has its identity

    def as_stored(self, finding: Finding, features: Plain) -> Finding:
        """Return a finding with the index that an item of a list has in the row.

        What is left out, such as null or a second feature of a name, moves the others.
        """
        found = _ITEM.match(finding.path)
        items = features.get(found[1]) if found else None
        index = int(found[2]) if found else 0
        if found is None or not isinstance(items, list) or index >= len(items):
            return finding
        _, stored = self.places.get(id(items[index]), (None, index))
        end = finding.path[found.end() :]
        return replace(finding, path=f"features.{found[1]}[{stored}]{end}")

    def notes(self) -> list[Finding]:
        """Return one note on what is ignored and one on what was decided, if there is any."""
        found = []
        if self.ignored:
            message = f"ignored, as the former generator did: {self._listed()}"
            help = "Nothing has to be done; the library does not have this."
            if self.ignored.keys() - self.unknown:
                help = "Nothing has to be done. To use a setting, read the row with `legacy=False`"
                help += ", without what the library does not have." if self.unknown else "."
            found.append(Finding(IGNORED, "info", "", message, help))
        if self.decided:
            message = f"decided for this row: {'; '.join(self.decided)}"
            help = "Store what is right in a new version of the row: `recgen migrate` proposes it."
            found.append(Finding(DECIDED, "info", "", message, help))
        return found

    def _listed(self) -> str:
        shown = [
            f"{setting} ({count} times)" if count > 1 else setting
            for setting, count in self.ignored.items()
        ]
        more = len(shown) - _LISTED
        return ", ".join(shown[:_LISTED]) + (f" and {more} more" if more > 0 else "")

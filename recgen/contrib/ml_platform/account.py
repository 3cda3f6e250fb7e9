"""What became of a row: what was ignored, what was decided, and what only a person knows."""

from __future__ import annotations

from dataclasses import dataclass, field

from recgen.findings import Finding, Location, join_path

IGNORED = "RP001"
DECIDED = "RP002"
FURTHER = "RP003"
UNREADABLE = "RP010"
UNUSABLE = "RP011"
_LISTED = 12  # settings in a note


@dataclass
class Account:
    """Collects what is said about a row while it is read.

    Attributes:
        ignored: Settings that have no effect, as with the former generator, and how many there are.
        decided: What was decided where the row says nothing, or says it in another way.
        questions: What only a person can answer.
        errors: What keeps the row from being read.
    """

    ignored: dict[str, int] = field(default_factory=dict)
    decided: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    errors: list[Finding] = field(default_factory=list)

    def ignore(self, setting: str) -> None:
        """Count a setting that has no effect."""
        self.ignored[setting] = self.ignored.get(setting, 0) + 1

    def decide(self, what: str) -> None:
        """Add a decision."""
        self.decided.append(what)

    def ask(self, question: str) -> None:
        """Add a question."""
        self.questions.append(question)

    def refuse(self, code: str, place: Location, message: str, help: str) -> None:
        """Add an error."""
        self.errors.append(Finding(code, "error", join_path(place), message, help))

    def notes(self) -> list[Finding]:
        """Return one note on what is ignored and one on what was decided, if there is any."""
        found = []
        if self.ignored:
            message = f"ignored, as the former generator did: {self._listed()}"
            help = "Nothing has to be done. To use a setting, read the row with `legacy=False`."
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

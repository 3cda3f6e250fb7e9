"""Runs mistakes in another tool, one after the other, and keeps what the tool did about each."""

from __future__ import annotations

import json
import logging
import re
import sys
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

NOISE = "tf.function retracing"  # which comes of many trainings in one process
RESULTS = Path(__file__).parents[1] / "results" / "peers.json"


@dataclass(frozen=True)
class Mistake:
    """What is wrong, the rules of recgen that find it, and how to try it."""

    rules: str
    what: str
    attempt: Callable[[], object]
    heed: str = ""  # a log message of any level that counts as a warning about it


class _Records(logging.Handler):
    def __init__(self, begun: str) -> None:
        super().__init__(logging.INFO)
        self._begun = begun
        self.has_begun = False
        self.messages: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        self.has_begun |= self._begun in text
        self.messages.append((record.levelno, text))


def _kind(message: str) -> str:
    return re.sub(r"[\d\W_]+", " ", message)[:60]


def _short(message: str) -> str:
    text = re.sub(r"/[\w.+-]+(/[\w.+-]+)*/", "", message)  # no folders of this machine
    return " ".join(text.split())[:300]


class Watcher:
    """Tells refusals from crashes by `begun`, which a tool logs at its first training step."""

    def __init__(self, begun: str, right: Callable[[], object]) -> None:
        """Tries what is `right` first: what the tool warns about there says nothing."""
        self._begun = begun
        self._usual: frozenset[str] = frozenset()
        outcome, said = self._attempt(Mistake("", "", right))
        assert outcome in ("silent", "warns"), said
        self._usual = frozenset(_kind(message) for message in said)

    def watch(self, mistake: Mistake) -> dict[str, str]:
        """Returns what the tool did: refuses, crashes, warns or silent, and its words."""
        outcome, said = self._attempt(mistake)
        print(f"{mistake.rules:12} {outcome:8} {mistake.what}: {said[:1]}", flush=True)
        words = _short(said[0]) if said else ""
        return {"rules": mistake.rules, "mistake": mistake.what, "did": outcome, "said": words}

    def _attempt(self, mistake: Mistake) -> tuple[str, list[str]]:
        records = _Records(self._begun)
        logger = logging.getLogger()
        logger.addHandler(records)
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                mistake.attempt()
            except BaseException as error:  # SystemExit, too, is an answer
                stage = "crashes" if records.has_begun else "refuses"
                return stage, [f"{type(error).__name__}: {error}"]
            finally:
                logger.removeHandler(records)
        heeded = [text for _, text in records.messages if mistake.heed and mistake.heed in text]
        said = [text for level, text in records.messages if level >= logging.WARNING]
        said += [str(warning.message) for warning in warned]
        said = [text for text in said if NOISE not in text and _kind(text) not in self._usual]
        new = heeded + said
        return ("warns" if new else "silent"), new


def watch_all(peer: str, version: str, watcher: Watcher, mistakes: Iterable[Mistake]) -> None:
    """Tries the mistakes, or those of the rules on the command line; keeps what came of them."""
    wanted = set(sys.argv[1:])
    again = [mistake for mistake in mistakes if not wanted or wanted & set(mistake.rules.split())]
    outcomes = [watcher.watch(mistake) for mistake in again]
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    done = {(outcome["rules"], outcome["mistake"]) for outcome in outcomes}
    before = results.get(peer, {"outcomes": []})["outcomes"] if wanted else []
    kept = [outcome for outcome in before if (outcome["rules"], outcome["mistake"]) not in done]
    outcomes = sorted(kept + outcomes, key=lambda outcome: (outcome["rules"], outcome["mistake"]))
    results[peer] = {"version": version, "outcomes": outcomes}
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", "utf-8")

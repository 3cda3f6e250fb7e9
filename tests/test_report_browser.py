"""The page in a browser: with every text an attack, no script runs and nothing is fetched."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from attacks import ATTACKS
from diagnoses import Plain, dead, healthy, run_of
from pages import MARKUP, attacked

from recgen.analysis import load_run
from recgen.analysis.report import report_page

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), None)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SIZE = 8  # attacks of a page; of more runs, it shows less

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium; none of its names is on the path"),
    pytest.mark.slow,
]


class Server:
    """Serves one page, and notes everything that is asked for."""

    def __init__(self) -> None:
        self.page = ""
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                content = outer.page.encode() if self.path == "/page" else b""
                self.send_response(200 if content else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.stop()


def opened(server: Server, page: str, profile: Path) -> str:
    """Returns the document that the browser has made of a page, once it is at rest."""
    server.page, server.asked = page, []
    assert CHROMIUM is not None
    result = subprocess.run(
        [
            *(CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--virtual-time-budget=3000"),
            *("--dump-dom", f"{server.address}/page"),
        ],
        capture_output=True,
        timeout=100,  # a dialog waits for ever,
        check=True,
    )
    return result.stdout.decode("utf-8", errors="replace")


def without_policy(page: str) -> str:
    """Returns the page as a browser would take it that knows no such policy."""
    changed = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>\n", "", page)
    assert changed != page
    return changed


def hostile_page(folder: Path, attacks: dict[str, str], server: Server, experiment: Plain) -> str:
    runs = []
    for place, attack in enumerate(attacks.values()):
        text = attack.replace("ATTACKER", server.address)
        run = attacked(folder / f"{place}", text, experiment)
        runs.append(load_run(run.path))
    return report_page(runs)


def _parts() -> list[dict[str, str]]:
    every = [*ATTACKS.items(), *MARKUP.items()]
    return [dict(every[start : start + SIZE]) for start in range(0, len(every), SIZE)]


@pytest.mark.parametrize("attacks", _parts(), ids=lambda attacks: next(iter(attacks)))
def test_escaping_alone_keeps_attacks_from_acting(attacks, server, tmp_path, experiment):
    page = hostile_page(tmp_path, attacks, server, experiment)
    document = opened(server, without_policy(page), tmp_path / "profile")
    assert server.asked == ["/page"]
    assert "data-owned" not in document.partition(">")[0] + document[:2000]
    assert document.count("<script") == (len(attacks) > 1)  # the page's own
    assert "<iframe" not in document
    assert document.count('<details class="run"') == len(attacks) * (len(attacks) > 1)


def test_attacks_do_not_act_on_a_page_of_many_runs(server, tmp_path, experiment):
    page = hostile_page(tmp_path, {**ATTACKS, **MARKUP}, server, experiment)
    document = opened(server, without_policy(page), tmp_path / "profile")
    assert server.asked == ["/page"]
    assert "data-owned" not in document[:2000]
    assert document.count("<script") == 1
    assert document.count('<details class="run"') == len({**ATTACKS, **MARKUP})


def test_with_its_policy_too(server, tmp_path, experiment):
    page = hostile_page(tmp_path, MARKUP, server, experiment)
    document = opened(server, page, tmp_path / "profile")
    assert server.asked == ["/page"]
    assert "data-owned" not in document[:2000]


def clicked(page: str, actions: str) -> str:
    """Returns a page that does something once its own script has run."""
    assert "</body>" in page
    return page.replace("</body>", f"<script>{actions}</script></body>")


def test_a_page_of_many_runs_sorts_groups_and_filters(server, tmp_path):
    runs = []
    for number in range(12):
        data = dead() if number % 3 == 0 else healthy()
        data["params"] |= {"name": f"run {number}", "learning_rate": (number * 7 % 12) / 100}
        runs.append(run_of(tmp_path / str(number), data))
    page = report_page(runs)

    def seen(actions: str, place: str) -> tuple[list[str], list[str], str]:
        """Returns the runs that are shown, in their order, the groups, and the document."""
        changed = without_policy(clicked(page, actions))
        document = opened(server, changed, tmp_path / f"profile {place}")
        table = document.partition('<table class="runs"')[2].partition("</table>")[0]
        rows = re.findall(r'<tr data-run="(\d+)"[^>]*?(class="out")?>', table)
        groups = re.findall(r'<tr class="group"><th[^>]*>([^<]*)', table)
        return [number for number, is_out in rows if not is_out], groups, document

    def press(head: str) -> str:
        return f"document.querySelector('th[data-name=\"{head}\"] button').click();"

    def choose(value: str) -> str:
        return (
            f"const s = document.querySelector('select'); s.value = '{value}';"
            "s.dispatchEvent(new Event('change'));"
        )

    runs_shown, groups, document = seen("", "0")
    assert len(runs_shown) == 12
    assert [each.partition(" (")[0] for each in groups][:1] == ["good"]
    assert "12 of 12 runs" in document
    by_rate = sorted(range(1, 13), key=lambda number: -((number - 1) * 7 % 12))
    assert seen(choose("") + press("rate"), "1")[0] == [str(each) for each in by_rate]
    assert seen(choose("") + press("rate") * 2, "2")[0] == [str(each) for each in by_rate[::-1]]
    runs_shown, groups, _ = seen(choose("verdict"), "3")
    assert groups == ["good (8 runs)", "bad (4 runs)"]
    filtered = (
        "const i = document.querySelector('input'); i.value = 'bad run';"
        "i.dispatchEvent(new Event('input'));"
    )
    runs_shown, groups, document = seen(filtered, "4")
    assert sorted(map(int, runs_shown)) == [1, 4, 7, 10]
    assert "4 of 12 runs" in document
    shown = re.findall(r'<details class="run( out)?" data-run="(\d+)"', document)
    assert [number for is_out, number in shown if not is_out] == ["1", "4", "7", "10"]


def test_its_policy_lets_the_script_of_a_page_run(server, tmp_path):
    runs = [run_of(tmp_path / name, healthy()) for name in "ab"]
    document = opened(server, report_page(runs), tmp_path / "profile")
    assert "2 of 2 runs" in document
    assert server.asked == ["/page"]


@pytest.mark.parametrize("kind", ["script", "image", "fetched image", "refresh"])
def test_such_attacks_act_where_nothing_is_escaped(kind, server, tmp_path):
    attack = re.sub(r"alert\(\d\)", "0", MARKUP[kind].replace("ATTACKER", server.address))
    document = opened(server, f"<!DOCTYPE html><body>{attack}", tmp_path / "profile")
    assert 'data-owned="1"' in document or len(server.asked) > 1


def test_the_policy_alone_keeps_a_script_from_running(server, tmp_path, experiment):
    page = hostile_page(tmp_path, {"plain": "x"}, server, experiment)
    script = MARKUP["script"].replace("alert(1)", "0") + f'<img src="{server.address}/image">'
    broken = page.replace("<main>", f"<main>{script}")
    assert "data-owned" not in opened(server, broken, tmp_path / "profile")[:2000]
    assert server.asked == ["/page"]
    document = opened(server, without_policy(broken), tmp_path / "other")
    assert 'data-owned="1"' in document[:2000]
    assert "/image" in server.asked

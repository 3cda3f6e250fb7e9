"""Makes docs/images: pages of runs, in headless Chromium.

    make demo
    python bench/pictures.py

The good run is that of `make demo`; the others are the reconstructed ones in tests/reported.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
REPORTED = ROOT / "tests" / "reported"
SEVEN = ("39", "43", "38", "45", "42", "41", "40")
GAP = 16  # pixels between two phones
PHONE, DESK = 390, 944  # pixels, as wide as a phone and as a column of a README
SCALE = 1  # device pixels in a pixel; 2 makes files of half a megabyte
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")
WHITE = '<body style="margin:0;display:flex;gap:{gap}px;background:#999">{frames}</body>'
FRAME = '<iframe src="{page}" style="border:0;width:{width}px;height:{height}px"></iframe>'


@dataclass(frozen=True)
class Picture:
    """A picture of the top of one page, or of several beside each other.

    Attributes:
        name: The name of the file.
        pages: The runs of each page.
        width: Pixels of each page.
        height: Pixels.
        is_dark: Whether the reader likes it dark.
    """

    name: str
    pages: tuple[tuple[Path, ...], ...]
    width: int
    height: int
    is_dark: bool = False


def pictures(good: Path) -> tuple[Picture, ...]:
    """Returns all pictures."""
    bad = REPORTED / "45"
    seven = tuple(REPORTED / name for name in SEVEN)
    return (
        Picture("report-good.png", ((good,),), DESK, 1500),
        Picture("report-bad-dark.png", ((bad,),), DESK, 1000, is_dark=True),
        Picture("report-several.png", (seven,), DESK, 1440),
        Picture("report-phone.png", ((good,), (bad,), seven), PHONE, 844),
    )


def draw(picture: Picture, folder: Path, target: Path) -> None:
    """Makes the pages of a picture in a folder, and takes it."""
    pages = []
    for number, runs in enumerate(picture.pages):
        page = folder / f"{picture.name}-{number}.html"
        # Pages name the folders of runs as they are given: not those of this machine.
        named = [_linked(run, folder) for run in runs]
        command = (sys.executable, "-m", "recgen", "report", *named, "-o", page.name)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(command, check=True, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
        pages.append(page)
    width = len(pages) * picture.width + (len(pages) - 1) * GAP
    frames = "".join(
        FRAME.format(page=page.name, width=picture.width, height=picture.height) for page in pages
    )
    sheet = folder / f"{picture.name}.html"
    sheet.write_text(WHITE.format(gap=GAP, frames=frames), "utf-8")
    shot = folder / picture.name
    dark = ("--blink-settings=preferredColorScheme=0",) if picture.is_dark else ()
    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if browser is None:
        raise SystemExit(f"Chromium is needed: none of {', '.join(CHROMIUM)} is on the path")
    size = f"--window-size={width},{picture.height}"
    subprocess.run(
        (browser, *FLAGS, *dark, f"--force-device-scale-factor={SCALE}", size,
         "--allow-file-access-from-files", f"--screenshot={shot}", sheet.as_uri()),
        check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    shutil.move(shot, target / picture.name)


def _linked(run: Path, folder: Path) -> str:
    """Returns the relative path of a link to a run."""
    link = folder / "runs" / run.name
    link.parent.mkdir(exist_ok=True)
    if not link.exists():
        link.symlink_to(run)
    return str(link.relative_to(folder))


def main() -> None:
    """Makes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--good", type=Path, default=ROOT / "runs" / "demo", metavar="RUN")
    parser.add_argument("--only", metavar="TEXT", default="", help="pictures with it in their name")
    parser.add_argument("--out", type=Path, default=IMAGES, metavar="FOLDER")
    options = parser.parse_args()
    for picture in pictures(options.good.resolve()):
        if options.only in picture.name:
            with tempfile.TemporaryDirectory() as folder:
                draw(picture, Path(folder), options.out)
            print(options.out / picture.name)


if __name__ == "__main__":
    main()

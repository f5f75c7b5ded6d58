"""Take the screenshots of docs/leaderboard-site.md from a built site.

    python tools/screenshots.py SITE docs/images [--prefix site-]

Needs chromium, chromedriver, selenium and Pillow. Pictures are reduced to 128 colours, which is enough for pages.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

DESK, PHONE = (1280, 860), (390, 844)
# name: (page, size, dark, what is scrolled to the top)
SHOTS = {
    "overview-light": ("index.html", DESK, False, None),
    "overview-dark": ("index.html", DESK, True, None),
    "protocol-light": ("ferv39k/index.html", DESK, False, None),
    "protocol-dark": ("ferv39k/index.html", DESK, True, None),
    "front-light": ("ferv39k/index.html", DESK, False, "figure"),
    "entry-light": ("ferv39k/entries/synthetic-0001.html", DESK, False, ".card"),
    "entry-dark": ("ferv39k/entries/synthetic-0001.html", DESK, True, ".card:has(.confusion)"),
    "compare-light": ("ferv39k/compare.html", DESK, False, None),
    "compare-dark": ("ferv39k/compare.html", DESK, True, None),
}
PHONES = ("index.html", "ferv39k/index.html|.scroll", "ferv39k/entries/synthetic-0001.html", "ferv39k/compare.html")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--prefix", default="site-")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    with tempfile.TemporaryDirectory() as profile:
        for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync",
                     "disable-background-networking", "disable-component-update", "hide-scrollbars",
                     f"user-data-dir={profile}"):  # fmt: skip
            options.add_argument(f"--{flag}")
        driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
        try:
            for name, shot in SHOTS.items():
                save(take(driver, given.site, *shot), given.out / f"{given.prefix}{name}.png")
            for dark in (False, True):
                pictures = [take(driver, given.site, *where(page), dark=dark) for page in PHONES]
                wide = Image.new("RGB", (sum(p.width + 16 for p in pictures) - 16, PHONE[1]), (128, 128, 128))
                at = 0
                for picture in pictures:
                    wide.paste(picture, (at, 0))
                    at += picture.width + 16
                save(wide, given.out / f"{given.prefix}phone-{'dark' if dark else 'light'}.png")
        finally:
            driver.quit()


def where(page: str) -> tuple[str, tuple[int, int]]:
    return page, PHONE


def take(driver: webdriver.Chrome, site: Path, page: str, size: tuple[int, int], dark: bool = False,
         to: str | None = None) -> Image.Image:  # fmt: skip
    """One picture of a page; `page|selector` scrolls to what is selected."""
    page, _, inside = page.partition("|")
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    driver.get("about:blank")
    driver.get(f"{site.resolve().as_uri()}/{page}")
    if to or inside:
        driver.execute_script("document.querySelector(arguments[0]).scrollIntoView()", to or inside)
    return Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")


def save(picture: Image.Image, path: Path) -> None:
    picture.quantize(128).save(path, optimize=True)


if __name__ == "__main__":
    main()

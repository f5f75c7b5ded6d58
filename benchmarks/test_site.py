"""The leaderboard's site with 1,000 entries, beside the same with 100: build time, page weight, time to interactive.

    pytest benchmarks/test_site.py --benchmark-only -s

Nine in ten entries are reported numbers, one in ten has predictions (drawn, not predicted). Checking is not timed here:
its results come from the cache. The alternative is the smaller board: ten times the entries should cost ten times.
"""

from __future__ import annotations

import gzip
import json
import shutil
import statistics
from pathlib import Path

import pytest

from fervbench.leaderboard.cache import Cache
from fervbench.leaderboard.checking import Options, check_board
from fervbench.leaderboard.site.build import build
from fervbench.leaderboard.sources import Folder
from tools.demo_board import about, write

SIZES = (100, 1000)


@pytest.fixture(scope="module")
def boards(tmp_path_factory):
    import numpy as np

    made = {}
    for size in SIZES:
        folder = tmp_path_factory.mktemp(f"board{size}")
        board = folder / "submissions"
        write(board, size // 10, cross=False)
        rng = np.random.default_rng(size)
        for i in range(size - size // 10):
            place = board / "ferv39k" / f"printed-{i:04d}"
            place.mkdir(parents=True)
            war = float(rng.uniform(0.3, 0.6))
            content = about("ferv39k", i, rng) | {
                "method": {"name": f"Made up {i:03d}"},
                "claimed": {"overall": {"WAR": round(war, 4), "UAR": round(war * 0.8, 4)}},
                "reported_in": [{"kind": "paper", "title": "Made up", "url": "https://example.org/"}],
            }
            (place / "submission.json").write_text(json.dumps(content))
        found = check_board(Folder(board), Cache(folder / "cache"), Options(write=True))
        assert len(found.entries) == size
        made[size] = (folder, board, check_board(Folder(board), Cache(folder / "cache"), Options()))
    return made


@pytest.mark.parametrize("size", SIZES)
def test_build(benchmark, boards, size):
    folder, board, found = boards[size]
    benchmark.group = "site"
    benchmark.pedantic(lambda: build(Folder(board), found, folder / "site"), rounds=3, iterations=1)
    site = folder / "site"
    weight = {}
    for name in ("index.html", "ferv39k/index.html", "ferv39k/compare.html", "data/ferv39k.js",
                 "ferv39k/entries/synthetic-0001.html", "static/site.css", "static/site.js"):  # fmt: skip
        data = (site / name).read_bytes()
        weight[name] = (len(data), len(gzip.compress(data)))
    benchmark.extra_info["bytes, gzipped"] = weight
    whole = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    print(f"\n{size} entries: {benchmark.stats.stats.median:.2f} s, {whole / 2**20:.1f} MiB, {weight}")


@pytest.mark.skipif(not shutil.which("chromedriver"), reason="needs chromium and chromedriver")
@pytest.mark.parametrize("size", SIZES)
def test_time_to_interactive(boards, size, tmp_path):
    """From navigation to the end of the page's own script, median of five; and one sort and one filter."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.support.ui import WebDriverWait

    folder, board, found = boards[size]
    if not (folder / "site").exists():
        build(Folder(board), found, folder / "site")
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync",
                 "disable-background-networking", "disable-component-update", f"user-data-dir={tmp_path}"):  # fmt: skip
        options.add_argument(f"--{flag}")
    driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
    try:
        for page in ("ferv39k/index.html", "ferv39k/compare.html"):
            times = []
            for _ in range(5):
                driver.get(Path(folder / "site" / page).as_uri())
                times.append(driver.execute_script(
                    "return performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
                ))  # fmt: skip
            print(f"\n{size} entries, {page}: interactive after {statistics.median(times):.0f} ms")
        driver.get((folder / "site" / "ferv39k" / "index.html").as_uri())
        WebDriverWait(driver, 60).until(lambda d: d.find_elements("css selector", "#ranks thead button"))
        work = driver.execute_script(
            "const b = document.querySelectorAll('#ranks thead button')[2], f = document.querySelector('form.filters');"
            "const run = f => { const t = performance.now(); f(); document.body.offsetHeight;"
            " return performance.now() - t };"
            "return [run(() => b.click()), run(() => { f.elements.trust.value = 'verified';"
            " f.dispatchEvent(new Event('change')) })]"
        )
        print(f"{size} entries: sorted in {work[0]:.0f} ms, filtered in {work[1]:.0f} ms")
    finally:
        driver.quit()

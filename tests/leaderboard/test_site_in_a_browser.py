"""The site in a headless Chromium, opened from disk: scripts work, nothing leaves, axe finds nothing serious."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fervbench.leaderboard.cache import Cache
from fervbench.leaderboard.checking import Options, check_board
from fervbench.leaderboard.site.build import build
from fervbench.leaderboard.sources import Folder

from .conftest import ABOUT, REPORTED, put
from .test_site import NASTY, filled

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
DRIVER = shutil.which("chromedriver")
MISSING = [
    name
    for name, there in (
        ("chromium", CHROMIUM), ("chromedriver", DRIVER), ("selenium", importlib.util.find_spec("selenium")),
        ("axe-core-python", importlib.util.find_spec("axe_core_python")),
    )
    if not there
]  # fmt: skip
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]
PAGES = ["index.html", "ferv39k/index.html", "ferv39k/entries/first.html", "ferv39k/entries/nasty-0.html",
         "ferv39k/compare.html", "ferv39k/clips.html", "ferv39k/matrix-cross-scenario.html", "tables/index.html",
         "tables/ferv39k-table3.html", "resolve.html", "submit.html"]  # fmt: skip
REMOTE = "https://example.org/x.png"  # is refused before it leaves, but stands in the log as asked for
PHONE, DESK = (390, 844), (1280, 900)


class Browser:
    """A headless Chromium of its own profile, which records what it asks for and what it complains about."""

    def __init__(self, site: Path, profile: Path) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync",
                     "disable-background-networking", "disable-component-update",
                     f"user-data-dir={profile}"):  # fmt: skip
            options.add_argument(f"--{flag}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
        self.driver.set_page_load_timeout(60)
        self.site = site
        self.look()

    def look(self, size: tuple[int, int] = DESK, *, dark: bool = False, script: bool = True) -> None:
        """Screen size, colour scheme, and whether scripts run, from the next page on."""
        width, height = size
        self.script = script
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})

    def open(self, page: str) -> None:
        """Open a page of the site, afresh, and wait until it is drawn: on a busy machine styles come after `get`."""
        self.driver.get("about:blank")
        self.driver.get(f"{self.site.as_uri()}/{page}")
        if self.script:
            styled = "[...document.querySelectorAll('link[rel=stylesheet]')].every(each => each.sheet)"
            self.wait(f"location.protocol === 'file:' && {styled}")
            self.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")

    def wait(self, condition: str) -> None:
        """Wait until a condition of the page holds."""
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, 30).until(lambda _: self.js(f"return {condition}"))

    def js(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def rows(self) -> list[str]:
        """The methods shown in the ranking, in order."""
        script = "return [...document.querySelectorAll('#ranks tbody tr')].filter(r => !r.hidden)"
        return self.js(script + ".map(r => r.querySelector('th a').textContent)")

    def asked_for(self) -> list[str]:
        """Every address that was asked for since the last call."""
        found = []
        for line in self.driver.get_log("performance"):
            message = json.loads(line["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def complaints(self) -> list[str]:
        return [line["message"] for line in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    board = folder / "submissions"
    board.mkdir()
    filled(board)
    build(Folder(board), check_board(Folder(board), Cache(None), Options()), folder / "built")
    return folder / "built"


@pytest.fixture(scope="module")
def browser(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    made = Browser(site, tmp_path_factory.mktemp("profile"))
    yield made
    made.driver.quit()


def test_no_page_asks_for_anything_from_elsewhere_or_complains(browser: Browser, site: Path):
    browser.look()
    every = sorted(str(path.relative_to(site)) for path in site.rglob("*.html"))
    browser.asked_for()
    browser.complaints()
    for page in {*PAGES, *(p for p in every if "nasty" in p or p.startswith("ferv39k/overall"))}:
        browser.open(page)
        assert "owned" not in browser.js("return document.title.replace(\"document.title='owned'\", '')"), page
        assert browser.js("return document.querySelectorAll('main script, main base, [onerror], [onload]').length") == 0
        assert browser.js("return getComputedStyle(document.body).backgroundColor") != "rgba(0, 0, 0, 0)", (
            "no stylesheet"
        )
    asked = [url for url in browser.asked_for() if url != "about:blank"]
    assert len(asked) > 30
    assert [url for url in asked if not url.startswith(site.as_uri())] == []
    assert browser.complaints() == []


def test_the_policy_holds(browser: Browser):
    """An inline script, a remote picture and a handler are all refused, should one ever get in."""
    browser.look()
    browser.open("index.html")
    browser.complaints()
    refused = browser.js(
        """
        const refused = [];
        const attempt = (name, make) => { try { make() } catch (error) { refused.push(name) } };
        const image = document.createElement("img");
        document.body.append(image);
        attempt("handler", () => image.setAttribute("onerror", "document.title='owned'"));
        image.src = "https://example.org/x.png";
        const script = document.createElement("script");
        attempt("script", () => { script.textContent = "document.title='owned'" });
        attempt("html", () => { image.outerHTML = "<img src=x onerror=alert(1)>" });
        return refused;
        """
    )
    assert refused == ["handler", "script", "html"]
    assert "owned" not in browser.driver.title
    browser.js("return new Promise(done => setTimeout(done, 300))")
    assert any("img-src" in line for line in browser.complaints())
    assert [url for url in browser.asked_for() if "example.org" in url and "blocked" not in url] in ([], [REMOTE])


def test_sorting(browser: Browser):
    from selenium.webdriver.common.by import By

    browser.look()
    browser.open("ferv39k/index.html")
    first = browser.rows()
    heads = {h.text.split()[0]: h for h in browser.driver.find_elements(By.CSS_SELECTOR, "#ranks thead button")}
    heads["Method"].click()
    names = browser.rows()
    assert sorted(names) == sorted(first)
    assert names == sorted(names, key=str.lower) or [n[0] for n in names] == sorted(n[0] for n in names)
    assert browser.js("return document.querySelector('#ranks').classList.contains('resorted')")
    assert browser.js("return document.querySelector('th[aria-sort]').textContent") == "Method"
    heads["WAR"].click()
    scores = browser.js(
        "const rows = [...document.querySelectorAll('#ranks tbody tr')];"
        "return rows.map(row => parseFloat(row.querySelector('.score').dataset.v))"
    )
    assert scores == sorted(scores, reverse=True)
    heads["WAR"].click()
    assert browser.js("return document.querySelector('th[aria-sort]').getAttribute('aria-sort')") == "ascending"
    heads["Rank"].send_keys("\n")  # by the keyboard
    assert browser.rows() == first


def test_filtering(browser: Browser):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select

    browser.look()
    browser.open("ferv39k/index.html")
    every = browser.rows()
    form = browser.driver.find_element(By.CSS_SELECTOR, "form.filters")
    Select(form.find_element(By.NAME, "trust")).select_by_visible_text("verified")
    assert len(browser.rows()) == 2
    assert form.find_element(By.TAG_NAME, "output").text == f"2 of {len(every)} entries"
    form.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
    browser.js("return new Promise(done => setTimeout(done, 50))")
    assert browser.rows() == every
    form.find_element(By.NAME, "text").send_keys("<script>document")
    assert len(browser.rows()) == 1
    browser.driver.refresh()  # what was chosen is in the address
    assert len(browser.rows()) == 1
    Select(browser.driver.find_element(By.NAME, "year")).select_by_visible_text("2026")
    assert len(browser.rows()) == 1


def test_comparing(browser: Browser, site: Path):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select

    browser.look()
    browser.open("ferv39k/compare.html#a=second&b=first")
    shown = browser.driver.find_element(By.ID, "compared").text
    script = (site / "data" / "ferv39k.js").read_text(encoding="utf-8")
    pair = json.loads(script[len("window.fervbench = ") : -2])["pairs"]["overall"]["first second"]
    moved = 100 * pair["metrics"]["WAR"]["difference"]
    assert f"\u2212{moved:.2f}" in shown  # turned: the second is less than the first
    assert f"{pair['only'][1]:,} clips only the first has right, {pair['only'][0]:,} only the second" in shown
    assert "McNemar" in shown
    browser.driver.find_element(By.NAME, "swap").click()
    assert f"+{moved:.2f}" in browser.driver.find_element(By.ID, "compared").text
    Select(browser.driver.find_element(By.NAME, "a")).select_by_value("nasty-1")
    text = browser.driver.find_element(By.ID, "compared").text
    assert "onerror=" in text
    assert "from the numbers alone" in text
    assert "owned" not in browser.js("return document.title")
    assert browser.driver.current_url.endswith("#a=nasty-1&b=second&e=overall")
    assert browser.complaints() == []


def test_a_long_table_shows_its_first_rows_and_then_all(browser: Browser, tmp_path: Path):
    board = tmp_path / "submissions"
    for i in range(260):
        claimed = {"overall": {"WAR": 0.3 + i / 1000, "UAR": 0.3}}
        put(board, f"e{i:03d}x", ABOUT | REPORTED | {"method": {"name": f"Entry {i:03d}"}, "claimed": claimed})
    build(Folder(board), check_board(Folder(board), Cache(None), Options()), tmp_path / "built")
    browser.look()
    browser.driver.get((tmp_path / "built" / "ferv39k" / "index.html").as_uri())
    assert browser.rows()[:2] == ["Entry 259", "Entry 258"]
    assert len(browser.rows()) == 250
    browser.js("document.querySelectorAll('#ranks thead button')[3].click()")  # by WAR, best first
    browser.js("document.querySelectorAll('#ranks thead button')[3].click()")  # and turned: what was hidden is on top
    assert browser.rows()[0] == "Entry 000"
    assert len(browser.rows()) == 250
    browser.js("document.querySelector('button.more').click()")
    assert len(browser.rows()) == 260
    assert browser.js("return document.querySelector('button.more').hidden")


def test_dark_and_light_differ(browser: Browser):
    seen = {}
    for dark in (False, True):
        browser.look(dark=dark)
        browser.open("index.html")
        seen[dark] = browser.js(
            "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color].map("
            "c => c.match(/[0-9.]+/g).slice(0, 3).reduce((a, b) => a + +b, 0))"
        )
    assert seen[False][0] > 600 > 150 > seen[True][0]
    assert seen[False][1] < 250 < 500 < seen[True][1]


@pytest.mark.parametrize("page", PAGES)
def test_a_phone_scrolls_one_way(browser: Browser, page: str):
    browser.look(PHONE)
    browser.open(page)
    assert browser.js("return document.documentElement.scrollWidth") <= PHONE[0]
    assert (
        browser.js("return document.querySelector('meta[name=viewport]').content")
        == "width=device-width, initial-scale=1"
    )


def test_without_a_script(browser: Browser):
    """All numbers are there, and nothing is shown that does not work."""
    from selenium.webdriver.common.by import By

    browser.look(script=False)
    try:
        browser.open("ferv39k/index.html")
        assert len(browser.driver.find_elements(By.CSS_SELECTOR, "#ranks tbody tr")) == 3 + len(NASTY)
        assert not browser.driver.find_element(By.CSS_SELECTOR, "form.filters").is_displayed()
        assert browser.driver.find_elements(By.CSS_SELECTOR, "thead button") == []
        browser.open("ferv39k/compare.html")
        assert not browser.driver.find_element(By.ID, "choose").is_displayed()
        assert "two by two" in browser.driver.find_element(By.TAG_NAME, "main").text
    finally:
        browser.look()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("size", "dark"), [(DESK, False), (DESK, True), (PHONE, False)], ids=["light", "dark", "phone"]
)
def test_axe_finds_nothing_serious(browser: Browser, page: str, size: tuple[int, int], dark: bool):
    import axe_core_python

    browser.look(size, dark=dark)
    browser.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})  # axe itself is no part of the site
    try:
        browser.open(page)
        browser.js((Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
        browser.driver.set_script_timeout(60)
        found = browser.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(r => done(r.violations))"
        )
    finally:
        browser.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})
    told = [
        (each["id"], each["impact"], each["nodes"][0]["html"][:200], each["nodes"][0].get("failureSummary", "")[:300])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
    assert told == []

"""Debian's Chromium through Playwright, and what every page of ours must hold in it."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
WITHOUT = "no Chromium: install it (Debian: apt-get install chromium) or name one in CHROMIUM"
PHONE_WIDTH = 375
DESKTOP = {"width": 1280, "height": 800}
# As root Chromium has no sandbox; the rest keeps it from calling home.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}

_UNLABELLED = """
() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
    .filter(field => !field.labels.length && !field.getAttribute('aria-label'))
    .map(field => field.outerHTML)
"""
_FOCUS = """
() => {
    const focused = document.activeElement;
    if (!focused || [document.body, document.documentElement].includes(focused)) return {name: '', visible: true};
    // Inside a frame the walk goes on out of our sight.
    if (focused.tagName === 'IFRAME') return {name: 'frame', visible: true};
    // A date has several stops, whose focus the browser itself shows.
    if (focused === window.lastStop) return {name: 'part of a field', visible: true};
    // Another that was seen before means that the walk has come around.
    if (focused.dataset.seen) return null;
    focused.dataset.seen = 'yes';
    window.lastStop = focused;
    const style = getComputedStyle(focused);
    const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    const box = focused.getBoundingClientRect();
    const name = `${focused.tagName} ${focused.name || focused.textContent.trim().slice(0, 40)}`;
    return {name, visible: (outlined || style.boxShadow !== 'none') && box.width > 0 && box.height > 0};
}
"""
_REACHABLE = """
() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea')]
    .filter(element => element.checkVisibility() && element.tabIndex >= 0
        && !(element.type === 'radio' && [...document.getElementsByName(element.name)].some(r => r.dataset.seen)))
    .filter(element => !element.dataset.seen)
    .map(element => element.outerHTML)
"""
# Tab goes on from where the focus was last, which autofocus has put into the middle of the page.
_START = """
() => {
    document.documentElement.tabIndex = -1;
    document.documentElement.focus();
    document.documentElement.removeAttribute('tabindex');
}
"""
_MOST_STOPS = 150


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


def watch(page: Page, complaints: list[str]) -> None:
    """Fill a list with what a page's console complains about: errors of scripts, styles and policies."""

    def hear(message: ConsoleMessage) -> None:
        # A refused card is an answer, not a fault; the gateway's page says so with a status of its own.
        if message.type in ("error", "warning") and "402 (Payment Required)" not in message.text:
            complaints.append(f"{page.url}: {message.text}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))


def problems(page: Page) -> list[str]:
    """What is wrong with a page on a phone, for the keyboard and for assistive technology; nothing, it is hoped."""
    found = _too_wide(page)
    if (headings := page.locator("h1").count()) != 1:
        found.append(f"it has {headings} h1")
    if not page.evaluate("document.documentElement.lang"):
        found.append("it has no lang")
    if not page.title():
        found.append("it has no title")
    found += [f"no label: {field}" for field in page.evaluate(_UNLABELLED)]
    found += _axe(page)
    found += _keyboard(page)
    return [f"{page.url}: {problem}" for problem in found]


def problems_at_both_sizes(page: Page) -> list[str]:
    """The same for a page that is also looked at on a desktop, where it is laid out otherwise."""
    found = problems(page)
    phone = page.viewport_size
    assert phone
    _keep_picture(page, "phone")
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    _keep_picture(page, "desktop")
    found += [f"{page.url}: on a desktop: {problem}" for problem in _too_wide(page) + _axe(page)]
    page.set_viewport_size(phone)
    return found


def _keep_picture(page: Page, size: str) -> None:
    """A picture of the page for people to look at, if the environment names a folder for them."""
    if folder := os.environ.get("SCREENSHOTS"):
        number = len(list(Path(folder).glob("*.png")))
        title = re.sub(r"\W+", "-", page.locator("h1").first.inner_text()).strip("-").lower()[:40]
        page.screenshot(path=Path(folder) / f"{number:03}-{title}-{size}.png", full_page=True)


def _too_wide(page: Page) -> list[str]:
    viewport, width = page.viewport_size, page.evaluate("document.documentElement.scrollWidth")
    return [f"it is {width} px wide"] if viewport is None or width > viewport["width"] else []


def _axe(page: Page) -> list[str]:
    violations: list[dict[str, Any]] = Axe().run(page, options=AXE).response["violations"]
    return [f"{v['id']}: {v['help']}: {node['html'][:200]}" for v in violations for node in v["nodes"]]


def _keyboard(page: Page) -> list[str]:
    """Walk the page with Tab: every control is reached, and shows that it has the focus."""
    found = []
    page.evaluate(_START)
    for _ in range(_MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUS)
        if stop is None:
            break
        if not stop["visible"]:
            found.append(f"no visible focus: {stop['name']}")
    found += [f"not reached with Tab: {element[:200]}" for element in page.evaluate(_REACHABLE)]
    page.evaluate(_START)
    return found

"""Debian's Chromium through Playwright, and what every page of ours must hold in it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
WITHOUT = "no Chromium: install it (Debian: apt-get install chromium) or name one in CHROMIUM"
PHONE_WIDTH = 375
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
        if message.type in ("error", "warning"):
            complaints.append(f"{page.url}: {message.text}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))


def problems(page: Page) -> list[str]:
    """What is wrong with a page on a phone, for the keyboard and for assistive technology; nothing, it is hoped."""
    found = []
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > PHONE_WIDTH:
        found.append(f"it is {width} px wide")
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

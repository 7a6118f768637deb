"""A real browser without a window: the system's Chromium, driven by Playwright."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

EXECUTABLE = shutil.which("chromium") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(EXECUTABLE is None, reason="Chromium is not here")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a home of its own.

    Until it is closed, nothing else in this thread can run an event loop: Playwright's runs.
    """
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=EXECUTABLE,
            chromium_sandbox=False,  # it needs rights that containers do not give
            env={**os.environ, "HOME": home},
        )


@contextmanager
def opened(
    browser: Browser, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False
) -> Iterator[Page]:
    """A file in a window of this size; fails if it logs anything or asks for anything else."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    )
    page = context.new_page()
    found: list[str] = []
    page.on("console", lambda message: found.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: found.append(f"error: {error}"))
    page.on("request", lambda request: found.append(f"request: {request.url}"))
    page.goto(path.as_uri())
    yield page
    context.close()
    assert found == [f"request: {path.as_uri()}"]

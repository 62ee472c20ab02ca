"""A real browser, Debian's Chromium, for tests of pages."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
PATIENCE = 120
"""Seconds until a page must be there, on a machine that does other work."""

SWITCHES = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--no-first-run", "--disable-dev-shm-usage", "--force-device-scale-factor=1",
)  # fmt: skip


class Browser:
    """A page in a browser: what is on it, what it logged, and what it asked for."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, page: Path, *, width: int = 1280, height: int = 900) -> None:
        """Show a page, and wait until all of it has come to life."""
        self.driver.set_window_size(width, height)
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(page.resolve().as_uri())
        self.until("return document.documentElement.dataset.ready === 'all'")

    def run(self, script: str, *values: Any) -> Any:
        """Carry out JavaScript in the page; return what it returns."""
        return self.driver.execute_script(script, *values)  # type: ignore[no-untyped-call]

    def until(self, script: str) -> None:
        """Wait until JavaScript says that something is so."""
        WebDriverWait(self.driver, PATIENCE).until(lambda _: self.run(script))

    def complaints(self) -> list[str]:
        """Return what the page logged as a warning or an error since it was opened."""
        log = self.driver.get_log("browser")
        return [entry["message"] for entry in log if entry["level"] in ("WARNING", "SEVERE")]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since the page was opened, of other schemes."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return [url for url in found if not url.startswith(("file:", "data:", "blob:"))]


@contextmanager
def browsing(*switches: str) -> Iterator[Browser]:
    """Start a browser with a profile of its own, and end it."""
    options = Options()
    options.binary_location = str(CHROMIUM)
    for switch in (*SWITCHES, *switches):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options.add_argument(f"--user-data-dir={profile}")
        service = Service(str(DRIVER), env=os.environ | {"HOME": profile})
        driver = webdriver.Chrome(options=options, service=service)
        try:
            driver.set_page_load_timeout(PATIENCE)
            driver.set_script_timeout(PATIENCE)
            yield Browser(driver)
        finally:
            driver.quit()

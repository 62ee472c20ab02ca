"""The site: built without a warning, whole, and without a request to another machine."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from typer.main import get_command

import gradiometer
from docs.site import pages
from docs.site.api import api_pages
from docs.site.commands import commands_page
from gradiometer import conformance
from gradiometer.cli import app

ROOT = Path(__file__).parents[1]
NAVIGATION = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]
FETCHED = {"src", "srcset", "poster", "data", "background"}
"""Attributes whose targets are requested; `href` is, too, of elements but `a`."""


class Page(HTMLParser):
    """What a page asks for, where it links to, and what can be linked in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.requests: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "href" and tag == "a":
                self.links.append(value or "")
            elif name in FETCHED or name == "href":
                self.requests.append(value or "")
            elif name in ("id", "name"):
                self.names.add(value or "")
            elif name == "style":
                self.requests += styled(value or "")

    def handle_data(self, data: str) -> None:
        self.requests += styled(data) if self.lasttag == "style" else []


def styled(text: str) -> list[str]:
    """Return what a style sheet asks for."""
    return re.findall(r"(?:url\(\s*|@import\s+)['\"]?([^'\")\s;]+)", text)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does."""
    to = tmp_path_factory.mktemp("built") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "docs.site", "--to", str(to)],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=250,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout
    assert "warning" not in (done.stdout + done.stderr).lower()
    return to


@pytest.fixture(scope="module")
def parsed(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html")}


def entries(nav: Any) -> Iterator[str]:
    """Yield the pages that a navigation names."""
    if isinstance(nav, str):
        yield nav
    for each in nav if isinstance(nav, list) else nav.values() if isinstance(nav, dict) else ():
        yield from entries(each)


def test_every_page_of_the_navigation_is_there(site: Path) -> None:
    for page in entries(NAVIGATION):
        html = re.sub(r"README\.md$", "index.md", page).removesuffix(".md") + ".html"
        assert (site / html).is_file(), page


def test_every_page_is_in_the_navigation() -> None:
    listed = set(entries(NAVIGATION))
    found = {str(path.relative_to(ROOT)) for each in pages.PAGES for path in ROOT.glob(each)}
    made = {f"docs/reference/{name}.md" for name in api_pages(ROOT / "gradiometer")}
    made |= {"docs/reference/commands.md", "reports/reference/README.md"}
    assert listed == found | made


def test_nothing_is_requested_from_elsewhere(parsed: dict[Path, Page], site: Path) -> None:
    asked = [each for page in parsed.values() for each in page.requests]
    asked += [each for path in site.rglob("*.css") for each in styled(path.read_text("utf-8"))]
    assert len(asked) > len(parsed)
    assert [each for each in asked if urlsplit(each).netloc] == []


def test_every_link_leads_somewhere(parsed: dict[Path, Page]) -> None:
    @cache
    def names(path: Path) -> set[str]:
        return parsed[path].names

    lost = []
    for path, page in parsed.items():
        for link in page.links + page.requests:
            to = urlsplit(link)
            if to.scheme or path.name == "404.html":
                continue
            target = (path.parent / unquote(to.path)).resolve() if to.path else path
            target = target / "index.html" if target.is_dir() else target
            anchor = unquote(to.fragment)
            if not target.is_file() or (anchor and anchor not in names(target)):
                lost.append(f"{path.name}: {link}")
    assert lost == []


def test_the_parser_finds_what_is_requested(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '<link href="//a.org/x.css"><script src="https://b.org"></script><a href="https://c.org">'
        '<p style="background: url(https://d.org/e.png)"></p><style>@import "https://f.org";</style>',
        encoding="utf-8",
    )
    found = Page(page)
    hosts = [urlsplit(each).netloc for each in found.requests]
    assert hosts == ["a.org", "b.org", "d.org", "f.org"]
    assert found.links == ["https://c.org"]


def test_the_reference_of_the_api_has_every_public_name(site: Path) -> None:
    text = "".join(path.read_text("utf-8") for path in (site / "docs/reference").glob("*.html"))
    public = [f"gradiometer.{name}" for name in gradiometer.__all__ if name != "__version__"]
    public += [f"gradiometer.conformance.{name}" for name in conformance.__all__]
    for name in [*public, "gradiometer.testing.assert_derivatives"]:
        assert f'id="{name}"' in text, name


def test_the_reference_of_commands_has_every_option_and_example() -> None:
    page = commands_page()

    def look(name: str, command: Any) -> None:
        title = "Commands" if name == "gradiometer" else f"`{name}`"
        section = page.partition(f"# {title}\n")[2].partition("\n#")[0]
        for each in (each for each in command.params if not each.hidden):
            assert each.param_type_name == "argument" or each.opts[0] in section
            assert (each.help or "") in section
        for example in re.findall(r"`(gradiometer [^`]+)`", command.epilog or ""):
            assert f"$ {example}" in section
        for key, below in getattr(command, "commands", {}).items():
            look(f"{name} {key}", below)

    look("gradiometer", get_command(app))


def checkout(folder: Path, **files: str) -> Path:
    """Write a checkout of a package without names, and of some pages."""
    given = {"README.md": "", "gradiometer/__init__.pyi": "", "docs/site/iframe-worker.js": ""}
    for name, text in (given | files).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_linked_file_that_is_no_page_becomes_one(tmp_path: Path) -> None:
    text = "[code](sub/a.py#L1) [page](docs/b.md) `[not](c.py)`\n\n```\n[nor](d.py)\n```\n"
    given = {"README.md": text, "docs/b.md": "", "sub/a.py": "x = 1\n"}
    pages.assemble(checkout(tmp_path / "root", **given), tmp_path / "to")
    linked = (tmp_path / "to/README.md").read_text("utf-8")
    assert linked == text.replace("sub/a.py", "sub/a.py.md")
    assert (tmp_path / "to/sub/a.py.md").read_text("utf-8") == "# sub/a.py\n\n```py\nx = 1\n```\n"


def test_a_link_to_nothing_is_an_error(tmp_path: Path) -> None:
    root = checkout(tmp_path / "root", **{"README.md": "[gone](gone.py)"})
    with pytest.raises(FileNotFoundError, match=r"README.md links gone.py"):
        pages.assemble(root, tmp_path / "to")


def test_the_reference_run_is_a_page_and_its_files(tmp_path: Path) -> None:
    given = {"report.md": "# Run\n\n![chart](a.svg)\n", "a.svg": "<svg/>", "report.html": "<p>"}
    files = {f"reports/reference/{name}": text for name, text in given.items()}
    pages.assemble(checkout(tmp_path / "root", **files), tmp_path / "to")
    shown = tmp_path / "to/reports/reference"
    assert given["report.md"] in (shown / "README.md").read_text("utf-8")
    assert "(report.html)" in (shown / "README.md").read_text("utf-8")
    assert (shown / "a.svg").read_text("utf-8") == "<svg/>"
    assert (shown / "report.html").read_text("utf-8") == "<p>"


def test_without_a_reference_run_its_page_says_so(tmp_path: Path) -> None:
    pages.assemble(checkout(tmp_path / "root"), tmp_path / "to")
    told = (tmp_path / "to/reports/reference/README.md").read_text("utf-8")
    assert "no reference run" in told

"""What the site is made of: the checkout's pages, where they stand, and what is made for it.

Pages keep the paths that they have in a checkout, so that links between them are the same on both;
a file that is linked and is no page becomes one, which shows it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from docs.site.api import api_pages
from docs.site.commands import commands_page

PAGES = ("*.md", "docs/*.md", "docs/tutorials/*.md", "results/README.md", "reports/README.md")
REFERENCE = PurePosixPath("reports/reference")
"""Folder of the report of the reference run, where there is one."""

WORKER = PurePosixPath("docs/site/iframe-worker.js")
"""What the search needs of a site that is opened from files; mkdocs.yml names it."""

NO_REFERENCE = """# Reference run

This site was built where no reference run is at hand. `make reference` measures all methods that
are installed on all problems, which takes hours.
"""
WHOLE = "[The whole report](report.html), with tables to sort and filter.\n\n"
LINK = re.compile(
    r"^```.*?^```$|`[^`\n]+`|(\]\()([^)\s#:]+)((?:#[^)\s]*)?\))", re.DOTALL | re.MULTILINE
)
"""A link to a file; or code, in which there are none."""


def assemble(root: Path, to: Path) -> None:
    """Write all pages into an empty folder.

    Args:
        root: The checkout.
        to: Where they go.

    Raises:
        FileNotFoundError: If a page links a file that is not there.
    """
    shown: set[PurePosixPath] = set()
    sources = [path for pattern in PAGES for path in sorted(root.glob(pattern))]
    pages = {PurePosixPath(path.relative_to(root)) for path in sources}
    made = {PurePosixPath(path): text for path, text in _made(root)}
    for page in pages:
        text = (root / page).read_text(encoding="utf-8")
        _write(to / page, _linked(text, page, root, pages | made.keys(), shown))
    for page, text in made.items():
        _write(to / page, text)
    for page in shown:
        text = (root / page).read_text(encoding="utf-8")
        _write(to / f"{page}.md", f"# {page}\n\n```{page.suffix[1:]}\n{text}```\n")
    _write(to / "assets" / WORKER.name, (root / WORKER).read_text(encoding="utf-8"))
    for path in (root / REFERENCE).glob("*"):
        if path.suffix != ".md":
            shutil.copy(path, to / REFERENCE)


def _made(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the pages that are made for the site, by path."""
    yield "docs/reference/commands.md", commands_page()
    for name, text in api_pages(root / "gradiometer").items():
        yield f"docs/reference/{name}.md", text
    report = root / REFERENCE / "report.md"
    told = report.read_text(encoding="utf-8") if report.exists() else NO_REFERENCE
    whole = WHOLE if report.with_suffix(".html").exists() else ""
    yield f"{REFERENCE}/README.md", whole + told


def _linked(
    text: str,
    page: PurePosixPath,
    root: Path,
    pages: set[PurePosixPath],
    shown: set[PurePosixPath],
) -> str:
    """Return a page whose links to files that are no pages lead to pages that show them."""

    def link(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        path = (root / page.parent / found[2]).resolve().relative_to(root.resolve())
        target = PurePosixPath(path)
        if target in pages:
            return found[0]
        if not (root / target).is_file():
            raise FileNotFoundError(f"{page} links {found[2]}, which is not there.")
        shown.add(target)
        return f"{found[1]}{found[2]}.md{found[3]}"

    return LINK.sub(link, text)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")

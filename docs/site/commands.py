"""The reference of commands: every verb with its options and examples, as Typer declares them.

Typer's own generator cuts the sentences that say what commands do, and keeps examples in a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from typer import Context
from typer.main import get_command

from gradiometer.cli import app

EXAMPLE = re.compile(r"`(gradiometer [^`]+)`(?:, ([^;.`]+))?")
EXAMPLES = re.compile(r"^Examples?: .*`[^`.]*\.?\s*")


def commands_page() -> str:
    """Return the page: a section a command, in the order of `--help`."""
    return "\n\n".join(_section("gradiometer", get_command(app), 1)) + "\n"


def _section(name: str, command: Any, level: int) -> Iterator[str]:
    """Yield the paragraphs of a command, and of those below it."""
    context = Context(command)
    yield f"{'#' * level} " + (f"`{name}`" if level > 1 else "Commands")
    yield command.help
    yield "\n".join(
        ["```console", " ".join(["$", name, *command.collect_usage_pieces(context)]), "```"]
    )
    yield from _examples(command.epilog or "")
    below: dict[str, Any] = getattr(command, "commands", {})
    if below:
        yield "**Commands**"
        yield "\n".join(_row(f"{name} {key}", each) for key, each in below.items())
    yield "**Options**"
    records = [each.get_help_record(context) for each in command.get_params(context)]
    yield "\n".join(f"- `{word}`: {about}" for word, about in filter(None, records))
    for key, each in below.items():
        yield from _section(f"{name} {key}", each, level + 1)


def _row(name: str, command: Any) -> str:
    """Return a command in the list of a group: a link, and the sentence that says what it does."""
    about = " ".join(command.help.partition("\n\n")[0].split())
    return f"- [`{name}`](#{name.replace(' ', '-')}): {about}"


def _examples(epilog: str) -> Iterator[str]:
    """Yield the examples of an epilog as a block of commands, and what is said besides."""
    typed = EXAMPLE.findall(epilog)
    if typed:
        lines = (f"$ {command}" + f"  # {remark}" * bool(remark) for command, remark in typed)
        yield "\n".join(["```console", *lines, "```"])
    rest = EXAMPLES.sub("", epilog)
    if rest:
        yield rest

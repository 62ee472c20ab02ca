"""The prose of sections: CommonMark, from templates of which each block is one section's text."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


class Prose:
    """The blocks of a package's template, filled in with facts.

    Args:
        package: The package in whose folder `templates` the template is.
        template: Its file name.
        facts: What every block may name.
    """

    def __init__(self, package: str, template: str, **facts: Any) -> None:
        engine = Environment(loader=PackageLoader(package), undefined=StrictUndefined)
        engine.filters["literal"] = literal
        self._template = engine.get_template(template)
        self._facts = facts

    def __call__(self, block: str, **facts: Any) -> str:
        """Return the text of a block, filled in with further facts of its own."""
        context = self._template.new_context(self._facts | facts)
        text = "".join(self._template.blocks[block](context))
        return re.sub(r"\n{3,}", "\n\n", text.strip())


def literal(text: str) -> str:
    """Return text in one line that CommonMark shows as it is, in a table, too."""
    return re.sub(r"([\\|<_*`])", r"\\\1", " ".join(text.splitlines()))

"""Docstrings as griffe reads them: what stands under `Example:` is Python, not a remark."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

EXAMPLE = re.compile(r"^(\s*)Example:$", re.MULTILINE)


class Examples(Extension):
    """Reads `Example:` as `Examples:`, the one word of the two that griffe takes for a section."""

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:
        """Rename the section in an object's docstring."""
        if obj.docstring:
            obj.docstring.value = EXAMPLE.sub(r"\1Examples:", obj.docstring.value)

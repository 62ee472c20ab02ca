"""What a framework's function is called with: bound as any function is, its arrays taken by it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError
from gradiometer.tracing.calling import Argnums, Calling, title
from gradiometer.tracing.frameworks import framework
from gradiometer.tracing.native_function import NativeFunction


class NativeCalling(Calling):
    """A framework's function and what it is called with.

    Args:
        name: The framework's name.
        function: The function, or a module.
        args: Its positional arguments.
        kwargs: Its arguments by name.
        argnums: Which are differentiated; by default what the framework says, or as of `Calling`.
        at: Further arguments.
    """

    def __init__(
        self, name: str, function: Any, args: Any, kwargs: Any, argnums: Argnums, at: Any
    ) -> None:
        called = function if isinstance(function, type) else getattr(function, "forward", function)
        super().__init__(called, args, kwargs, argnums, at, "")
        self.function, self.title = function, title(function)
        self._name, self._folder = name, framework(name)

    def leaves(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return the values of inputs and given values; the first time, make the program."""
        bound = self._bound(rng)
        chosen = partial(self._chosen, bound)
        try:
            found = self._folder.taken(
                self.function, bound.args, bound.kwargs, self._argnums, chosen
            )
        except GradiometerError:
            raise
        except Exception as error:
            raise self.failure(error) from error
        if self.program is None:
            self.program = NativeFunction(self._name, self.function, found)
        return dict(found.arrays)

    def outcome(self, values: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the outputs by name, as they were taken."""
        shapes: dict[str, tuple[int, ...]] = self.program.taken.outputs
        return shapes

"""What a worker process holds of one tool: its prepared cells, and their timing loops."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from gradiometer.vocabulary.answer import Answer, as_arrays
from gradiometer.vocabulary.derivation import NATIVE, Route
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.point import Argument, Signature
from gradiometer.worker.sampling import Loop


@dataclass
class PreparedCell:
    """A method's operator of a problem, ready to be called."""

    method: Method
    operator: Operator
    route: Route
    signature: Signature

    def arguments(self, at: Argument) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of the call, as native arrays."""
        inputs, given, directions = self.operator.native(at, self.method)
        if self.route.text != NATIVE:
            return (inputs, given, *directions), {}
        return self.method.arguments(inputs, given, *directions)

    def run(self, at: Argument) -> tuple[Any, float]:
        """Evaluate the operator once; return the finished result and the seconds."""
        args, kwargs = self.arguments(at)
        start = time.perf_counter()
        result = self.route.call(*args, **kwargs)
        if self.method.wait is not None:
            result = self.method.wait(result)
        return result, time.perf_counter() - start

    def answer(self, at: Argument) -> tuple[Answer, float]:
        """Evaluate the operator once; return the answer as NumPy arrays and the seconds."""
        result, seconds = self.run(at)
        native = self.method.result(result)
        return as_arrays(native, self.operator, self.signature), seconds


@dataclass
class Tool:
    """One tool, ready to be measured.

    Attributes:
        cells: Prepared cells by their ids.
        loops: Timing loops of cells, by their ids, and of controls, by name.
        states: What experiments keep between their requests, by name.
    """

    cells: dict[str, PreparedCell] = field(default_factory=dict)
    loops: dict[str, Loop] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)

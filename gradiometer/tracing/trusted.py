"""Rules that are trusted: their derivative is taken as they declare it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError
from gradiometer.tracing.derived import derivative
from gradiometer.tracing.frameworks import Framework
from gradiometer.tracing.lowered import Rule
from gradiometer.vocabulary.pullback import with_pullback


def declared(folder: Framework, rule: Rule, outputs: Sequence[Any], inputs: Sequence[Any]) -> Any:
    """Return what stands for a rule's output, with the pullback that it declares.

    Args:
        folder: The rule's framework.
        rule: The rule.
        outputs: What stands for its real outputs, computed forward: one.
        inputs: What stands for its real inputs.

    Raises:
        GradiometerError: If it has several outputs, or its pullback cannot be followed.
    """
    if len(outputs) != 1:
        raise GradiometerError(
            f"{rule.name} has {len(outputs)} outputs{rule.place}: rules with one can be trusted."
        )
    (output,), names = outputs, rule.forward.inputs
    cotangent = np.ones(np.shape(output.present))
    pullback = derivative(folder, rule.function, rule.at, names, (), "vjp", [cotangent])
    return with_pullback(output, pullback.graph, rule.name, *inputs)

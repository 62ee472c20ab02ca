"""What calls are given: whatever is changed of it is told, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradiometer.errors import ChangedInput
from gradiometer.worker.given import Given


class Tensor:
    """A foreign array that has a NumPy form once it is detached, as PyTorch's have."""

    def __init__(self) -> None:
        self.data = np.ones(2)

    def detach(self) -> Any:
        return self.data

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("it requires a gradient")


class Sealed:
    """A foreign array that has no NumPy form."""

    value = 1.0

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("not to be read")


def put(array: Any, value: Any, at: Any = 0) -> None:
    array[at] = value


CHANGES: dict[str, tuple[Any, Callable[[Any], None]]] = {
    "one bit": (np.ones(3), lambda a: put(a, np.nextafter(1.0, 2.0))),
    "a sign of zero": (np.zeros(3), lambda a: put(a, -0.0)),
    "a scalar array": (np.array(1.0), lambda a: put(a, 2.0, ())),
    "a shape": (np.ones(6), lambda a: setattr(a, "shape", (2, 3))),
    "an integer": (np.array([1, 2]), lambda a: put(a, 3)),
    "a nested array": ({"a": (1.0, [np.ones(2)])}, lambda d: put(d["a"][1][0], 2.0)),
    "a longer list": ([1.0], lambda values: values.append(2.0)),
    "a tensor": ((Tensor(),), lambda tensors: put(tensors[0].data, 2.0)),
    "an object": (np.array([1, "a"], dtype=object), lambda a: put(a, "b", 1)),
}
"""What may be given, and how it is changed."""


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_changed_is_told_by_name(name: str) -> None:
    item, change = CHANGES[name]
    given = Given({"another": np.ones(2), "it": item})
    given.compare()
    change(item)
    with pytest.raises(ChangedInput, match=r"^a call changes it, which it is given$"):
        given.compare()


def test_what_is_the_same_again_is_no_change() -> None:
    x = np.array([np.nan, 1.0])
    given = Given({"x": x, "none": None, "text": "a", "nothing": ()})
    x[1] = 2.0
    x[1] = 1.0
    given.compare()


def test_what_numpy_cannot_read_is_not_compared() -> None:
    sealed = Sealed()
    given = Given({"sealed": sealed})
    sealed.value = 2.0
    given.compare()

"""Gradients of three functions as each tool's documentation takes them (`idiomatic.py`).

Nothing here knows Gradiometer. A tool is added as one function, in the file of its family, under
the name of its method.
"""

from idioms import (
    in_jax,
    in_keras,
    in_numpy,
    in_tensorflow,
    in_torch,
    of_arrays,
    of_formulas,
    of_numbers,
    of_sources,
    of_vectors,
)
from idioms.functions import Idiom

FAMILIES = (
    in_numpy, of_numbers, of_vectors, of_arrays, of_formulas, of_sources, in_jax, in_torch,
    in_tensorflow, in_keras,
)  # fmt: skip

IDIOMS: dict[str, Idiom] = {
    name: idiom for family in FAMILIES for name, idiom in family.IDIOMS.items()
}
"""What each method is compared with."""

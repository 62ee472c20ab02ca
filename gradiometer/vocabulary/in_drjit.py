"""Dr.Jit's functions under the array API standard's names, where its own differ.

The library is imported when a function is first asked for.
"""

import types
from importlib import import_module

import lazy_loader as lazy
import numpy as np

from gradiometer.vocabulary.namespace import Namespace

dr = lazy.load("drjit")

RENAMED = {
    "permute_dims": "transpose", "pow": "power", "stop_gradient": "detach", "where": "select",
}  # fmt: skip
MADE = ("asarray", "eye", "linspace", "ones", "zeros")
REDUCTIONS = ("all", "any", "max", "mean", "min", "prod", "sum")


def functions():
    """Return Dr.Jit's functions on its tensors."""
    own = {name: getattr(dr, of) for name, of in RENAMED.items()}
    own |= {name: _reduction(getattr(dr, name)) for name in REDUCTIONS}
    own |= {"float64": tensors("float64"), "float32": tensors("float32")}
    own |= {name: _made(getattr(np, name)) for name in MADE}
    own["full"] = lambda shape, value, dtype: dr.full(dtype, value, shape)
    return Namespace(dr, own | {"linalg": Namespace(types.ModuleType("drjit.linalg"))})


def tensors(dtype):
    """Return the type of tensors of a dtype."""
    kinds = import_module("drjit.llvm.ad")
    return kinds.TensorXf64 if dtype == "float64" else kinds.TensorXf


def _made(make):
    """Return a function of NumPy's that makes constants; arrays of Dr.Jit stay as they are."""

    def made(*given, dtype=None, **how):
        if dr.is_array_v(given[0]):
            return given[0]
        return (dtype or tensors("float64"))(np.array(make(*given, **how), np.float64))

    return made


def _reduction(function):
    def reduced(x, axis=None, keepdims=False):
        axes = tuple(np.atleast_1d(range(x.ndim) if axis is None else axis).tolist())
        found = function(x, axis=axes)
        kept = [1 if k in {each % x.ndim for each in axes} else n for k, n in enumerate(x.shape)]
        return dr.reshape(found, tuple(kept)) if keepdims else found

    return reduced

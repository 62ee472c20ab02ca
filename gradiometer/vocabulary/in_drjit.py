"""Dr.Jit's functions under the array API standard's names, where its own differ.

The library is imported when a function is first asked for.
"""

import functools
import types
from importlib import import_module

import lazy_loader as lazy
import numpy as np

from gradiometer.errors import Unsupported, UnsupportedOperation
from gradiometer.vocabulary.formulas import missing
from gradiometer.vocabulary.namespace import Namespace

dr = lazy.load("drjit")

RENAMED = {
    "permute_dims": "transpose", "pow": "power", "stop_gradient": "detach", "where": "select",
}  # fmt: skip
MADE = ("arange", "asarray", "empty", "eye", "linspace", "ones", "zeros")
OF_LLVM_17 = ("atan", "atan2", "clip", "hypot", "maximum", "minimum")
"""Functions that are compiled to LLVM's `maximum` and `minimum`: older ones abort the process."""

WRONG = ("sort",)
"""Functions whose derivatives are zeros, without a word."""

REDUCTIONS = ("all", "any", "max", "mean", "min", "prod", "sum")


def functions():
    """Return Dr.Jit's functions on its tensors."""
    own = {name: getattr(dr, of) for name, of in RENAMED.items()}
    own |= {name: _reduction(getattr(dr, name)) for name in REDUCTIONS}
    own |= {"float64": tensors("float64"), "float32": tensors("float32")}
    own |= {name: _made(getattr(np, name)) for name in MADE}
    if dr.detail.llvm_version() < (17,):
        own |= {name: _refusal(name) for name in OF_LLVM_17}
    own |= {name: missing("Dr.Jit", name) for name in WRONG}
    own["clip"] = own.get("clip", _clip)
    own["logsumexp"] = functools.partial(_logsumexp, own)
    own["full"] = lambda shape, value, dtype: dr.full(dtype, value, shape)
    return Namespace(dr, own | {"linalg": Namespace(types.ModuleType("drjit.linalg"))})


def tensors(dtype):
    """Return the type of tensors of a dtype."""
    kinds = import_module("drjit.llvm.ad")
    return kinds.TensorXf64 if dtype == "float64" else kinds.TensorXf


def computed(found):
    """Return what a graph stands for, computed; calls return before that."""
    dr.eval(found)
    dr.sync_thread()
    return found


def opaque(a):
    """Return an array as a tensor; a literal would be folded into the program.

    Raises:
        Unsupported: If it has no component: to evaluate one ends the process.
    """
    if not a.size:
        raise Unsupported("Dr.Jit has no arrays without components: they end the process.")
    found = tensors(a.dtype.name)(a.copy())
    dr.make_opaque(found)
    return found


def named(call):
    """Return a call that refuses by name what Dr.Jit does not take, or cannot differentiate."""

    @functools.wraps(call)
    def tried(*given):
        try:
            return call(*given)
        except UnsupportedOperation:
            raise
        except (AttributeError, RuntimeError, TypeError) as error:
            told = str(error).strip().partition("\n")[0]
            raise UnsupportedOperation(f"Dr.Jit: {type(error).__name__}: {told}") from error

    return tried


def _refusal(name):
    """Return a function that refuses what would end the process."""

    def refused(*given, **how):
        raise UnsupportedOperation(
            f"Dr.Jit cannot compile {name!r} by LLVM {dr.detail.llvm_version()[0]}, which would "
            "end the process: install Debian's libllvm19, or name it in DRJIT_LIBLLVM_PATH."
        )

    return refused


def _clip(x, min=None, max=None):  # noqa: A002  # the standard's names
    x = x if min is None else dr.maximum(x, min)
    return x if max is None else dr.minimum(x, max)


def _logsumexp(own, x, axis=None, keepdims=False):
    # Of the maximum, on which it does not depend, Dr.Jit has no reverse mode along an axis.
    peak = dr.detach(own["max"](x, axis=axis, keepdims=axis is not None))
    total = dr.log(own["sum"](dr.exp(x - peak), axis=axis, keepdims=keepdims))
    return total + (peak if axis is None else dr.reshape(peak, total.shape))


def _made(make):
    """Return a function of NumPy's that makes constants; arrays of Dr.Jit stay as they are."""

    def made(*given, dtype=None, **how):
        if dr.is_array_v(given[0]):
            return given[0]
        return (dtype or tensors("float64"))(np.array(make(*given, **how), np.float64))

    return made


def _reduction(function):
    def reduced(x, axis=None, keepdims=False):
        if axis is None and x.ndim and not keepdims:
            return function(x)  # which takes less
        axes = tuple(range(x.ndim)) if axis is None else np.atleast_1d(axis).tolist()
        found = function(x, axis=tuple(axes))
        kept = [1 if k in {each % x.ndim for each in axes} else n for k, n in enumerate(x.shape)]
        return dr.reshape(found, tuple(kept)) if keepdims else found

    return reduced

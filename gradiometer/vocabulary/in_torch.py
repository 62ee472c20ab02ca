"""PyTorch's functions under the array API standard's names, where its own differ or are missing.

And what its methods share. The library is imported when a function is first asked for.
"""

import lazy_loader as lazy
import numpy as np

from gradiometer.errors import UnsupportedOperation
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.namespace import Namespace

torch = lazy.load("torch")


class TorchMethod(Method):
    """What PyTorch's methods share: tensors on the CPU, threads, and names that differ."""

    requires, extra, tool = ("torch",), "torch", "pytorch"

    def setup(self, target):
        """Hold it to the target's threads."""
        torch.set_num_threads(target.threads)

    def namespace(self):
        """Return its functions."""
        return Namespace(torch, functions() | {"linalg": Namespace(torch.linalg, matrices())})

    def array(self, a):
        """Return a tensor."""
        return torch.from_numpy(a.copy())

    def result(self, native):
        """Return tensors that NumPy reads."""
        if type(native) is tuple:
            return tuple(map(self.result, native))
        # A function may use tensors of its own that require grad.
        return native.detach() if torch.is_tensor(native) else native


def functions():
    """Return torch's functions under the standard's names, where those differ."""
    networks = torch.nn.functional
    return {name: _of_tensors(getattr(torch, name)) for name in OF_TENSORS} | {
        "argsort": lambda x, axis=-1, **how: torch.argsort(x, dim=axis, **how),
        "astype": lambda x, dtype: x.to(dtype),
        "avg_pool": _of_axes("avg_pool"),
        "broadcast_arrays": torch.broadcast_tensors,
        "clip": _clip,
        "conv": _of_axes("conv"),
        "count_nonzero": lambda x, axis=None: torch.count_nonzero(x, axis),
        "cumulative_prod": lambda x, axis=0, **how: _partial(torch.cumprod, x, axis, 1.0, **how),
        "cumulative_sum": lambda x, axis=0, **how: _partial(torch.cumsum, x, axis, 0.0, **how),
        "diff": lambda x, axis=-1, n=1, **ends: torch.diff(x, n, axis, **ends),
        "equal": torch.eq,
        "expand_dims": torch.unsqueeze,
        "eye": lambda n, m=None, k=0, **how: torch.ones((n, m or n), **how).triu(k).tril(k),
        "flip": lambda x, axis=None: torch.flip(x, np.atleast_1d(_axes(x, axis)).tolist()),
        "floor_divide": lambda a, b: torch.floor(torch.true_divide(a, b)),
        "full": _full,
        "gamma": _gamma,
        "gelu": networks.gelu,
        "i1": torch.special.i1,
        "linspace": _linspace,
        "log_softmax": lambda x, axis=-1: torch.log_softmax(x, axis),
        "logsumexp": lambda x, axis=None, keepdims=False: torch.logsumexp(
            x, _axes(x, axis), keepdims
        ),
        "matrix_transpose": lambda x: x.mT,
        "max": torch.amax,
        "max_pool": _of_axes("max_pool"),
        "min": torch.amin,
        "meshgrid": lambda *x, indexing="xy": torch.meshgrid(*x, indexing=indexing),
        "nonzero": lambda x: torch.nonzero(x, as_tuple=True),
        "permute_dims": torch.permute,
        "repeat": lambda x, n, axis=None: torch.repeat_interleave(x, torch.as_tensor(n), axis),
        "roll": lambda x, shift, axis=None: torch.roll(x, shift, axis),
        "softmax": lambda x, axis=-1: torch.softmax(x, axis),
        "softplus": _softplus,
        "sort": lambda x, axis=-1, **how: torch.sort(x, dim=axis, **how).values,
        "std": lambda x, axis=None, **how: _spread(torch.std, x, axis, **how),
        "stop_gradient": lambda x: x.detach(),
        "take": lambda x, at, axis=0: torch.index_select(x, axis, torch.as_tensor(at)),
        "take_along_axis": lambda x, at, axis=-1: torch.take_along_dim(
            x, torch.as_tensor(at), axis
        ),
        "tensordot": _tensordot,
        "tril": lambda x, k=0: torch.tril(x, k),
        "triu": lambda x, k=0: torch.triu(x, k),
        "unstack": lambda x, axis=0: torch.unbind(x, axis),
        "var": lambda x, axis=None, **how: _spread(torch.var, x, axis, **how),
        "vecdot": _vecdot,
    }


OF_TENSORS = ("atan2", "copysign", "hypot", "logaddexp", "maximum", "minimum", "pow", "remainder")
"""Functions of which both operands must be tensors."""


def matrices():
    """Return torch's functions of matrices under the standard's names, where those differ."""
    return {
        "cross": lambda a, b, axis=-1: torch.linalg.cross(*torch.broadcast_tensors(a, b), dim=axis),
        "matrix_norm": lambda x, ord="fro", keepdims=False: torch.linalg.matrix_norm(  # noqa: A006
            x, ord, keepdim=keepdims
        ),
        "matrix_transpose": lambda x: x.mT,
        "outer": torch.outer,
        "solve": _solve,
        "tensordot": _tensordot,
        "trace": lambda x, offset=0: x.diagonal(offset, -2, -1).sum(-1),
        "vecdot": _vecdot,
        "vector_norm": lambda x, axis=None, ord=2, keepdims=False: torch.linalg.vector_norm(  # noqa: A006
            x, ord, axis, keepdims
        ),
    }


def _of_tensors(function):
    def called(a, b):
        like = a if torch.is_tensor(a) else b
        return function(*(torch.as_tensor(x, dtype=like.dtype) for x in (a, b)))

    return called


def _of_axes(name):
    """Return a network's function of one to three spatial axes."""

    def called(x, *given, **how):
        found = getattr(torch.nn.functional, f"{name}{x.ndim - 2}d", None)
        if found is None:
            raise UnsupportedOperation(f"torch has no {name!r} of {x.ndim - 2} spatial axes.")
        return found(
            x, *given, *(how.pop(each) for each in ("kernel", "window") if each in how), **how
        )

    return called


def _axes(x, axis):
    return tuple(range(x.ndim)) if axis is None else axis


def _clip(x, min=None, max=None):  # noqa: A002  # the standard's names
    x = x if min is None else torch.maximum(x, torch.as_tensor(min, dtype=x.dtype))
    return x if max is None else torch.minimum(x, torch.as_tensor(max, dtype=x.dtype))


def _full(shape, value, dtype=None):
    if torch.is_tensor(value):
        return value.to(dtype).expand(shape)
    return torch.full(shape if isinstance(shape, tuple) else (shape,), value, dtype=dtype)


def _gamma(x):
    odd = (x < 0.0) & (torch.remainder(torch.floor(x), 2.0) == 1.0)
    return torch.where(odd, -1.0, 1.0).to(x.dtype) * torch.exp(torch.lgamma(x))


def _linspace(start, stop, num, endpoint=True, dtype=None):
    steps = torch.arange(num, dtype=dtype) / max(1, num - bool(endpoint))
    return start + (stop - start) * steps


def _partial(function, x, axis, first, include_initial=False):
    found = function(x, axis)
    if not include_initial:
        return found
    return torch.cat([torch.full_like(found.narrow(axis, 0, 1), first), found], axis)


def _solve(a, b):
    """Return A⁻¹·b; torch takes for a batch of vectors what the standard takes for a matrix."""
    if b.ndim == 1:
        return torch.linalg.solve(a, b[:, None])[..., 0]
    front = torch.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return torch.linalg.solve(a, b.expand(*front, *b.shape[-2:]))


def _spread(function, x, axis, correction=0, keepdims=False):
    return function(x, _axes(x, axis), correction=correction, keepdim=keepdims)


def _tensordot(a, b, axes=2):
    return torch.tensordot(a, b, dims=axes)


def _vecdot(a, b, axis=-1):
    return torch.linalg.vecdot(a, b, dim=axis)


def _softplus(z):
    # By default it drops e^-20; beyond these numbers e^z is infinite, and e^-z nothing.
    return torch.nn.functional.softplus(z, threshold=700.0 if z.dtype == torch.float64 else 88.0)

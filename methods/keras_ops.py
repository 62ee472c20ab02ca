"""Keras: keras.ops as the array functions, differentiated by each of its backends."""

import functools
import importlib
import os
from typing import Any

import lazy_loader as lazy

from gradiometer import Method, Namespace, Unsupported, UnsupportedOperation
from gradiometer.vocabulary.composed import COMPOSED
from gradiometer.vocabulary.in_tensorflow import complete_tensors
from gradiometer.vocabulary.like_numpy import functions, matrices, renamed

keras = lazy.load("keras")

OTHERWISE = ("clip", "diff", "flip", "matrix_transpose", "std", "var")
"""Functions that keras has with fewer arguments."""


class _Keras(Method):
    """What the backends share. A process has one, which is chosen before keras is imported.

    No other backend is named as a lazy module here: what is, keras and SciPy take for imported.
    """

    extra = "keras"
    backend = ""

    @property
    def library(self):
        """The backend's own library."""
        return importlib.import_module(self.backend)

    def setup(self, target):
        os.environ.update(self.environ)
        if keras.config.backend() != self.backend:
            found = keras.config.backend()
            raise Unsupported(f"this process has keras on {found}; a backend needs one of its own.")
        keras.config.set_floatx(target.dtype)

    def namespace(self):
        ops = keras.ops
        composed = functions(ops)
        own: dict[str, Any] = {n: composed[n] for n in composed if not hasattr(ops, n)}
        own |= {name: composed[name] for name in OTHERWISE} | renamed(ops)
        linalg = Namespace(ops.linalg, {"slogdet": ops.slogdet})
        parts: dict[str, Any] = matrices(ops, linalg)
        parts["diagonal"] = lambda x, offset=0: ops.diagonal(x, offset, -2, -1)
        parts["trace"] = lambda x, offset=0: ops.trace(x, offset, -2, -1)
        own |= {
            "asarray": ops.convert_to_tensor,
            "astype": ops.cast,
            "float32": "float32",
            "float64": "float64",
            "gelu": lambda x: ops.gelu(x, approximate=False),
            "linalg": Namespace(linalg, parts),
            "remainder": ops.mod,
        }
        found = Namespace(ops, own)
        for name in ("avg_pool", "conv", "max_pool"):  # keras has channels last
            setattr(found, name, functools.partial(COMPOSED[name], found))
        return found

    def finish(self, prepared):
        def finished(*given):
            try:
                return prepared(*given)
            except NotImplementedError as error:
                raise UnsupportedOperation(f"keras: {error}") from error

        return finished


class _Functional(_Keras):
    """Backends with transforms of functions: `grad`, `vjp` and `jvp`."""

    @property
    def transforms(self):
        return self.library

    def as_output(self, y, w):
        """Return a cotangent of an output, which may have lost its dtype on the way."""
        return w

    def gradient(self, f):
        return self.transforms.grad(f)

    def vjp(self, f):
        transforms = self.transforms

        def vjp(inputs, given, cotangents):
            y, pullback = transforms.vjp(functools.partial(f, given=given), inputs)
            several = isinstance(y, tuple)
            pairs = zip(y if several else (y,), cotangents, strict=True)
            seeds = tuple(self.as_output(part, w) for part, w in pairs)
            return pullback(seeds if several else seeds[0])[0]

        return vjp

    def jvp(self, f):
        transforms = self.transforms

        def jvp(inputs, given, tangents):
            called = functools.partial(f, given=given)
            return transforms.jvp(called, (inputs,), (tangents,))[1]

        return jvp

    def hvp(self, f):
        return self.jvp(self.transforms.grad(f))


class KerasJAX(_Functional):
    """keras.ops on JAX: jax.grad, compiled.

    Cost: compilation in the first call; then some microseconds of dispatch. Error: rounding; but in
    float64 tanh, sin, cos, cosh, arctan and logaddexp are computed in float32, and do not keep the
    promise. Use it when a model of keras is trained on JAX.
    """

    name = tool = "keras-jax"
    requires, backend = ("keras", "jax"), "jax"
    environ = {"KERAS_BACKEND": "jax"}  # noqa: RUF012

    def setup(self, target):
        super().setup(target)
        self.library.config.update("jax_enable_x64", target.dtype == "float64")

    def array(self, a):
        return self.library.numpy.asarray(a)

    def as_output(self, y, w):
        return w.astype(y.dtype)

    def finish(self, prepared):
        return super().finish(self.library.jit(prepared))

    @property
    def wait(self):
        return self.library.block_until_ready


class KerasTorch(_Functional):
    """keras.ops on PyTorch: torch.autograd.grad over eager operations; torch.func for tangents.

    Cost: some ten microseconds a node, of which keras adds the most. Error: rounding only. Use it
    when a model of keras is trained on PyTorch.
    """

    name = tool = "keras-torch"
    requires, backend = ("keras", "torch"), "torch"
    environ = {"KERAS_BACKEND": "torch"}  # noqa: RUF012

    @property
    def transforms(self):
        return self.library.func

    def setup(self, target):
        super().setup(target)
        self.library.set_num_threads(target.threads)

    def array(self, a):
        return self.library.from_numpy(a.copy())

    def gradient(self, f):
        grad = self.library.autograd.grad

        def gradient(inputs, given):
            leaves = tuple(x.detach().requires_grad_() for x in inputs)
            return grad(f(leaves, given), leaves, allow_unused=True)

        return gradient


class KerasTensorFlow(_Keras):
    """keras.ops on TensorFlow: a GradientTape inside tf.function.

    Cost: tracing in the first call; then a dispatch of some hundred microseconds. Error: rounding
    only. Use it when a model of keras is trained on TensorFlow, or served by it.
    """

    name = tool = "keras-tensorflow"
    requires, backend, composes = ("keras", "tensorflow"), "tensorflow", True
    environ = {"KERAS_BACKEND": "tensorflow"}  # noqa: RUF012

    def setup(self, target):
        self.library.config.threading.set_intra_op_parallelism_threads(target.threads)
        self.library.config.threading.set_inter_op_parallelism_threads(target.threads)
        super().setup(target)
        complete_tensors()

    def array(self, a):
        return self.library.constant(a)

    def gradient(self, f):
        return self._pulled(f)

    def vjp(self, f):
        return self._pulled(f)

    def finish(self, prepared):
        return super().finish(self.library.function(prepared, autograph=False))

    def _pulled(self, f):
        tf = self.library

        def pulled(inputs, given, cotangents=None):
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                y = f(inputs, given)
            seeds = cotangents if cotangents is None or isinstance(y, tuple) else cotangents[0]
            how = {"unconnected_gradients": tf.UnconnectedGradients.ZERO}
            return tuple(map(tf.convert_to_tensor, tape.gradient(y, inputs, seeds, **how)))

        return pulled

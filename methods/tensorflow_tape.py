"""TensorFlow's GradientTape: eager, traced to a graph, and compiled by XLA."""

import lazy_loader as lazy

from gradiometer import Method, Namespace

tf = lazy.load("tensorflow")


class TensorFlow(Method):
    """A GradientTape over eager operations.

    Cost: the tape is recorded anew in every call, tens of microseconds a node. Error: rounding.
    """

    name, requires, extra = "tensorflow", ("tensorflow",), "tensorflow"

    def setup(self, target):
        tf.config.threading.set_intra_op_parallelism_threads(target.threads)
        tf.config.threading.set_inter_op_parallelism_threads(target.threads)

    def namespace(self):
        functions = ("atan2", "erf", "expm1", "log", "log1p", "softplus")
        reductions = ("sum", "mean", "max", "min", "prod", "logsumexp")
        own = {name: getattr(tf.math, name) for name in functions}
        own |= {name: _reduction(getattr(tf, f"reduce_{name}")) for name in reductions}
        own |= {
            "arange": _range,
            "asarray": tf.convert_to_tensor,
            "cond": tf.cond,
            "concat": lambda arrays, axis=0: tf.concat(arrays, axis),
            "cumulative_sum": lambda x, axis=0: tf.cumsum(x, axis),
            "full": lambda shape, x, dtype=None: tf.fill(shape, tf.convert_to_tensor(x, dtype)),
            "linspace": _linspace,
            "linalg": Namespace(tf.linalg, {"solve": _solve, "diagonal": tf.linalg.diag_part}),
            "permute_dims": tf.transpose,
            "relu": tf.nn.relu,
            "take": lambda x, indices, axis=0: tf.gather(x, indices, axis=axis),
        }
        return Namespace(tf, own)

    def array(self, a):
        return tf.constant(a)

    def gradient(self, f):
        def gradient(inputs, given):
            tape, y = _recorded(f, inputs, given)
            return tape.gradient(y, inputs)

        return gradient

    def jacobian(self, f):
        def jacobian(inputs, given):
            tape, y = _recorded(f, inputs, given, persistent=True)
            if isinstance(y, tuple):
                return tuple(tape.jacobian(each, inputs) for each in y)
            return tape.jacobian(y, inputs)

        return jacobian

    def hessian(self, f):
        def hessian(inputs, given):
            outer, gradient = _recorded(_gradient(f), inputs, given, persistent=True)
            return tuple(outer.jacobian(g, inputs) for g in gradient)

        return hessian

    def jvp(self, f):
        return _jvp(f)

    def vjp(self, f):
        def vjp(inputs, given, cotangents):
            tape, y = _recorded(f, inputs, given)
            seeds = cotangents if isinstance(y, tuple) else cotangents[0]
            return tape.gradient(y, inputs, output_gradients=seeds)

        return vjp

    def hvp(self, f):
        return _jvp(_gradient(f))


class TensorFlowFunction(TensorFlow):
    """The tape inside tf.function: traced once a shape, then run as a graph.

    Cost: tracing in the first call; then a dispatch of some hundred microseconds a call.
    """

    name = "tensorflow-function"
    compiler: bool | None = None

    def finish(self, prepared):
        return tf.function(prepared, autograph=False, jit_compile=self.compiler)


class TensorFlowXLA(TensorFlowFunction):
    """The tape inside tf.function(jit_compile=True): the graph fused and compiled by XLA.

    Cost: compilation in the first call, up to seconds; then little more than the dispatch.
    """

    name = "tensorflow-xla"
    compiler = True


def _recorded(f, inputs, given, persistent=False):
    """Return a tape of f, and its value; persistent, to be walked back several times."""
    with tf.GradientTape(watch_accessed_variables=False, persistent=persistent) as tape:
        tape.watch(inputs)
        y = f(inputs, given)
    return tape, y


def _gradient(f):
    """Return the gradient of f to be differentiated again, zeros where an input is not used."""

    def gradient(inputs, given):
        tape, y = _recorded(f, inputs, given)
        return tape.gradient(y, inputs, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    return gradient


def _jvp(f):
    def jvp(inputs, given, tangents):
        with tf.autodiff.ForwardAccumulator(inputs, tangents) as accumulator:
            y = f(inputs, given)
        return tf.nest.map_structure(accumulator.jvp, y)

    return jvp


def _linspace(start, stop, num, dtype=None):
    ends = (tf.convert_to_tensor(x, dtype) for x in (start, stop))
    return tf.linspace(*ends, num)


def _range(start, stop=None, step=1, dtype=None):
    return tf.range(*((0, start) if stop is None else (start, stop)), step, dtype=dtype)


def _solve(a, b):
    """Return A⁻¹·b for a vector or a matrix b; tf.linalg.solve takes matrices alone."""
    return tf.linalg.solve(a, b[:, None])[:, 0] if len(b.shape) == 1 else tf.linalg.solve(a, b)


def _reduction(function):
    return lambda x, axis=None, keepdims=False: function(x, axis=axis, keepdims=keepdims)

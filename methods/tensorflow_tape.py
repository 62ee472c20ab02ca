"""TensorFlow's GradientTape: eager, traced to a graph, and compiled by XLA."""

import lazy_loader as lazy

from gradiometer import Method, Namespace

tf = lazy.load("tensorflow")


class TensorFlow(Method):
    """A GradientTape over eager operations.

    Cost: the tape is recorded anew in every call, tens of microseconds a node. Error: rounding.
    """

    name, mode, package, extra = "tensorflow", "reverse", "tensorflow", "tensorflow"

    def setup(self, threads):
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)

    def namespace(self):
        return Namespace(
            tf,
            {
                "log": tf.math.log,
                "log1p": tf.math.log1p,
                "expm1": tf.math.expm1,
                "erf": tf.math.erf,
                "softplus": tf.math.softplus,
                "relu": tf.nn.relu,
                "sum": _reduction(tf.reduce_sum),
                "mean": _reduction(tf.reduce_mean),
                "max": _reduction(tf.reduce_max),
                "min": _reduction(tf.reduce_min),
                "logsumexp": _reduction(tf.reduce_logsumexp),
                "concat": lambda arrays, axis=0: tf.concat(arrays, axis),
                "permute_dims": tf.transpose,
            },
        )

    def array(self, a):
        return tf.constant(a)

    def value(self, f):
        return f

    def gradient(self, f):
        def gradient(inputs, given):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(inputs)
                y = f(inputs, given)
            return tape.gradient(y, inputs)

        return gradient


class TensorFlowFunction(TensorFlow):
    """The tape inside tf.function: traced once a shape, then run as a graph.

    Cost: tracing in the first call; then a dispatch of some hundred microseconds a call.
    """

    name = "tensorflow-function"
    compiler: bool | None = None

    def value(self, f):
        return self._graph(f)

    def gradient(self, f):
        return self._graph(super().gradient(f))

    def _graph(self, function):
        return tf.function(function, autograph=False, jit_compile=self.compiler)


class TensorFlowXLA(TensorFlowFunction):
    """The tape inside tf.function(jit_compile=True): the graph fused and compiled by XLA.

    Cost: compilation in the first call, up to seconds; then little more than the dispatch.
    """

    name = "tensorflow-xla"
    compiler = True


def _reduction(function):
    return lambda x, axis=None, keepdims=False: function(x, axis=axis, keepdims=keepdims)

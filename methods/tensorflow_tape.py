"""TensorFlow's GradientTape, eager, traced to a graph, or compiled by XLA; and forward mode."""

import math

import lazy_loader as lazy

from gradiometer import Method, Namespace, Unsupported
from gradiometer.vocabulary.in_tensorflow import complete_tensors, functions, matrices

tf = lazy.load("tensorflow")

FEW = 20
"""Components up to which eager pullbacks in turn take less than one that is vectorised: to trace
that anew in each call takes a quarter of a second."""


class TensorFlow(Method):
    """A GradientTape over eager operations.

    Cost: the tape is recorded anew in every call, tens of microseconds a node; of a Jacobian or
    Hessian up to twenty pullbacks in turn, of more a vectorised one, traced anew. Error: rounding.
    Use it when a model of TensorFlow is being debugged, or its shape differs from call to call.
    """

    name, requires, extra = "tensorflow", ("tensorflow",), "tensorflow"

    def setup(self, target):
        tf.config.threading.set_intra_op_parallelism_threads(target.threads)
        tf.config.threading.set_inter_op_parallelism_threads(target.threads)
        complete_tensors()

    def namespace(self):
        own = {"cond": tf.cond, "linalg": Namespace(tf.linalg, matrices())}
        return Namespace(tf, functions() | own)

    def array(self, a):
        return tf.constant(a)

    def gradient(self, f):
        def gradient(inputs, given):
            tape, y = _recorded(f, inputs, given)
            return _dense(tape.gradient(y, inputs))

        return gradient

    def jacobian(self, f):
        def jacobian(inputs, given):
            tape, y = _recorded(f, inputs, given, persistent=True)
            if isinstance(y, tuple):
                return tuple(_jacobian(tape, each, inputs) for each in y)
            return _jacobian(tape, y, inputs)

        return jacobian

    def hessian(self, f):
        def hessian(inputs, given):
            outer, gradient = _recorded(_gradient(f), inputs, given, persistent=True)
            return tuple(_jacobian(outer, g, inputs) for g in gradient)

        return hessian

    def jvp(self, f):
        return _jvp(f)

    def vjp(self, f):
        def vjp(inputs, given, cotangents):
            tape, y = _recorded(f, inputs, given)
            seeds = cotangents if isinstance(y, tuple) else cotangents[0]
            return _dense(tape.gradient(y, inputs, output_gradients=seeds))

        return vjp

    def hvp(self, f):
        return _jvp(_gradient(f))


class TensorFlowFunction(TensorFlow):
    """The tape inside tf.function: traced once a shape, then run as a graph.

    Cost: tracing in the first call; then a dispatch of some hundred microseconds a call. Use it
    when a model of TensorFlow is trained, and has operations that XLA does not compile.
    """

    name = "tensorflow-function"
    compiler: bool | None = None

    def finish(self, prepared):
        return tf.function(prepared, autograph=False, jit_compile=self.compiler)


class TensorFlowXLA(TensorFlowFunction):
    """The tape inside tf.function(jit_compile=True): the graph fused and compiled by XLA.

    Cost: compilation in the first call, up to seconds; then little more than the dispatch. Use it
    when a model of TensorFlow is called often with the same shapes.
    """

    name = "tensorflow-xla"
    compiler = True


def _recorded(f, inputs, given, persistent=False):
    """Return a tape of f, and its value; persistent, to be walked back several times."""
    with tf.GradientTape(watch_accessed_variables=False, persistent=persistent) as tape:
        tape.watch(inputs)
        y = f(inputs, given)
    return tape, y


def _jacobian(tape, y, inputs):
    in_turn = tf.executing_eagerly() and y.shape.num_elements() <= FEW
    return tape.jacobian(y, inputs, experimental_use_pfor=not in_turn)


def _dense(found):
    """Return derivatives with those of which few components were picked as whole arrays."""
    return tuple(map(_whole, found))


def _whole(g):
    return tf.convert_to_tensor(g) if isinstance(g, tf.IndexedSlices) else g


def _gradient(f):
    """Return the gradient of f to be differentiated again, zeros where an input is not used."""

    def gradient(inputs, given):
        tape, y = _recorded(f, inputs, given)
        return _dense(tape.gradient(y, inputs, unconnected_gradients=tf.UnconnectedGradients.ZERO))

    return gradient


def _jvp(f):
    def jvp(inputs, given, tangents):
        with tf.autodiff.ForwardAccumulator(inputs, tangents) as accumulator:
            try:
                y = f(inputs, given)
            except TypeError as error:
                if "variant" not in str(error):
                    raise
                raise Unsupported("scan: forward mode does not enter a tf.while_loop.") from error
        return tf.nest.map_structure(lambda each: _whole(accumulator.jvp(each)), y)

    return jvp


class TensorFlowForward(TensorFlow):
    """tf.autodiff.ForwardAccumulator: a tangent beside each value of eager operations.

    Cost: two to three primals a jvp: n of them in turn for a gradient or Jacobian, n nested in
    another for a product with the Hessian. Error: rounding only. Use it when only directional
    derivatives are wanted, or a function has few inputs and many outputs.
    """

    name, mode = "tensorflow-forward", "forward"

    def gradient(self, f):
        raise Unsupported("Forward mode pushes tangents; it has no pullback.")

    jacobian = hessian = vjp = gradient

    def hvp(self, f):
        push, space = _jvp(f), f.signature.inputs
        sizes = [math.prod(shape) for shape in space.shapes.values()]
        basis = [tuple(map(tf.constant, e.values())) for e in space.basis(f.point.dtype)]

        def hvp(inputs, given, tangents):
            along = _jvp(lambda inputs, given: push(inputs, given, tangents))
            zero = tf.zeros((), f.point.dtype)
            found = [along(inputs, given, e) for e in basis]
            parts = tf.split([zero if x is None else x for x in found], sizes)
            return tuple(map(tf.reshape, parts, space.shapes.values()))

        return hvp

    def evaluations(self, operator, n, m):
        return {"jvp": None, "hessian": n * n}.get(operator, n)

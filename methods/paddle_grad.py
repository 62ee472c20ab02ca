"""Paddle: its eager tape. Its libraries do not resolve with the others': an environment apart."""

import lazy_loader as lazy

from gradiometer import Method, Namespace
from gradiometer.vocabulary import in_paddle

paddle = lazy.load("paddle")


class Paddle(Method):
    """paddle.grad over eager operations: the tape is recorded anew in every call.

    Cost: two to four primals, plus some ten microseconds a node; of a Jacobian or Hessian a
    pullback a row. Error: rounding only; of many operations there is no second derivative.
    Use it when your model is written in Paddle: what it costs a call is what you pay there.
    """

    name, mode, environment = "paddle", "reverse", "paddle"
    requires, package, extra = ("paddle",), "paddlepaddle", "paddle"

    def setup(self, target):
        paddle.set_device("cpu")
        paddle.base.core.set_num_threads(target.threads)

    def namespace(self):
        return Namespace(
            paddle,
            in_paddle.functions() | {"linalg": Namespace(paddle.linalg, in_paddle.matrices())},
        )

    def array(self, a):
        return paddle.to_tensor(a)

    def variable(self, a):
        return paddle.to_tensor(a, stop_gradient=False)

    def gradient(self, f):
        return in_paddle.by_name(lambda inputs, given: in_paddle.grad(f(inputs, given), inputs))

    def vjp(self, f):
        def vjp(inputs, given, cotangents):
            return in_paddle.grad(f(inputs, given), inputs, cotangents)

        return in_paddle.by_name(vjp)

    def hvp(self, f):
        def hvp(inputs, given, tangents):
            return in_paddle.grad(in_paddle.gradient(f, inputs, given), inputs, tangents)

        return in_paddle.by_name(hvp)

    def jacobian(self, f):
        return in_paddle.by_name(lambda inputs, given: in_paddle.jacobian(f(inputs, given), inputs))

    def hessian(self, f):
        def hessian(inputs, given):
            return in_paddle.jacobian(in_paddle.gradient(f, inputs, given), inputs)

        return in_paddle.by_name(hessian)

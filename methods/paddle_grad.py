"""Paddle."""

import lazy_loader as lazy

from gradiometer import Method, Namespace

paddle = lazy.load("paddle")


class Paddle(Method):
    """paddle.grad."""

    name, mode = "paddle", "reverse"
    requires, package, extra, environment = ("paddle",), "paddlepaddle", "paddle", "paddle"

    def namespace(self):
        return Namespace(paddle)

    def array(self, a):
        return paddle.to_tensor(a)

    def variable(self, a):
        return paddle.to_tensor(a, stop_gradient=False)

    def gradient(self, f):
        return lambda inputs, given: paddle.grad(f(inputs, given), inputs, allow_unused=True)

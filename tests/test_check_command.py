"""`gradiometer check`: what it prints, and its exit codes."""

from __future__ import annotations

OWN = '''
import numpy as np
from gradiometer import problem

@problem(at={"x": 0.3, "k": 2.0}, given={"rest": 0.1})
def spring(xp, x, k, *, rest):
    """E = k·(x − rest)²/2."""
    return 0.5 * k * (x - rest) ** 2

@spring.backprop
def _(x, k, *, rest):
    d = x - rest
    return -k * d, 0.5 * d * d

def slope(x, k, *, rest):
    return k * (x - rest), 0.5 * (x - rest) ** 2

def spring_hessian(x, k, *, rest):
    return [[k, x - rest], [x - rest, 0.0]]

@problem(at={"x": 0.0})
def kink(xp, x):
    return xp.abs(x)

def kink_gradient(x):
    return np.sign(x)

def raises(x, k, *, rest):
    return 1 / 0
'''
"""The spring's registered pass has the wrong sign in x."""

"""JAX, and what works on its functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from idioms.functions import Array, Call, Idiom, written


def jax_eager(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return jax.grad(f, argnums)(*args)."""
    import jax

    return _jax(problem, inputs, given, jax.grad)


def jax_jit(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return jax.jit(jax.grad(f, argnums))(*args)."""
    import jax

    return _jax(problem, inputs, given, lambda f, which: jax.jit(jax.grad(f, which)))


def jax_forward(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return jax.jit(jax.jacfwd(f, argnums))(*args)."""
    import jax

    return _jax(problem, inputs, given, lambda f, which: jax.jit(jax.jacfwd(f, which)))


def jax_checkpoint(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return jax.jit(jax.grad(jax.checkpoint(f), argnums))(*args)."""
    import jax

    return _jax(problem, inputs, given, lambda f, a: jax.jit(jax.grad(jax.checkpoint(f), a)))


def asdex(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return jax.jit(asdex.jacobian(f, *args, argnums))(*args)."""
    import asdex
    import jax

    sample = (*inputs, *given.values())
    return _jax(
        problem,
        inputs,
        given,
        lambda f, a: jax.jit(asdex.jacobian(f, *sample, argnums=a, output_format="dense")),
    )


def enzyme(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return jax.jit(jax.grad(enzyme_jax_ir()(f), argnums))(*args)."""
    import jax
    from enzyme_ad.jax import enzyme_jax_ir

    return _jax(problem, inputs, given, lambda f, a: jax.jit(jax.grad(enzyme_jax_ir()(f), a)))


def _jax(problem: str, inputs: Any, given: Any, transform: Callable[..., Any]) -> Call:
    import jax
    import jax.numpy as jnp

    function, constants = written(problem, _numpy()), [jnp.asarray(a) for a in given.values()]

    def called(*arrays: Array) -> Array:
        own, rest = arrays[: len(inputs)], arrays[len(inputs) :]
        return function(*own, **dict(zip(given, rest, strict=True)))

    gradient = transform(called, tuple(range(len(inputs))))
    arrays = [jnp.asarray(a) for a in inputs]
    return lambda: jax.block_until_ready(gradient(*arrays, *constants))


def _numpy() -> Any:
    import jax
    import jax.numpy as jnp

    return SimpleNamespace(
        sigmoid=jax.nn.sigmoid, logsumexp=jax.nn.logsumexp, tanh=jnp.tanh, sum=jnp.sum
    )


IDIOMS: dict[str, Idiom] = {
    "jax": jax_eager,
    "jax-jit": jax_jit,
    "jax-forward": jax_forward,
    "jax-checkpoint": jax_checkpoint,
    "asdex": asdex,
    "enzyme": enzyme,
}

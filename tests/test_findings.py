"""What a check of a framework's function finds: rules, kernels, rounding, and what is intended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch.nn import functional

from gradiometer.checking.check import check
from gradiometer.checking.checked import Check
from gradiometer.errors import GradiometerError

X = np.array([0.3, 0.9, 1.4])


def ruled(forward: Callable[[Any], Any], backward: Callable[[Any, Any], Any]) -> Any:
    """Return a function of PyTorch with a backward pass, given x and the cotangent."""

    class Ruled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return forward(x)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            return backward(ctx.saved_tensors[0], grads[0])

    return Ruled.apply


def vjp(forward: Callable[[Any], Any], backward: Callable[[Any, Any], Any]) -> Any:
    """Return a function of JAX with a `custom_vjp`, given x and the cotangent."""

    @jax.custom_vjp
    def ruled(x: Any) -> Any:
        return forward(x)

    ruled.defvjp(lambda x: (forward(x), x), lambda x, g: (backward(x, g),))
    return ruled


rounded = {"jax": vjp(jnp.round, lambda x, g: g), "torch": ruled(torch.round, lambda x, g: g)}
reversed_ = {
    "jax": vjp(lambda x: x, lambda x, g: -g),
    "torch": ruled(lambda x: x.view_as(x), lambda x, g: -g),
}
clipped = {
    "jax": vjp(lambda x: 1.0 * x, lambda x, g: jnp.clip(g, -0.5, 0.5)),
    "torch": ruled(lambda x: 1.0 * x, lambda x, g: g.clamp(-0.5, 0.5)),
}
lossy = {
    "jax": vjp(lambda x: x * x, lambda x, g: 2.0 * g * ((x + 1e8) - 1e8)),
    "torch": ruled(lambda x: x * x, lambda x, g: 2.0 * g * ((x + 1e8) - 1e8)),
}
once = {
    "jax": vjp(lambda x: x**3, lambda x, g: 3.0 * x * jax.lax.stop_gradient(x) * g),
    "torch": ruled(lambda x: x**3, lambda x, g: 3.0 * x * x.detach() * g),
}


def summed(rule: Any) -> Callable[[Any], Any]:
    return lambda x: (rule(x) * x).sum()


def checked(framework: str, function: Callable[[Any], Any], **options: Any) -> Check:
    with jax.enable_x64(True):
        x = torch.tensor(X) if framework == "torch" else jnp.array(X)
        return check(function, x, **options)


BOTH = ("jax", "torch")
NAMES = {"jax": "ruled", "torch": "Ruled"}


@pytest.mark.parametrize("framework", BOTH)
@pytest.mark.parametrize("rules", [rounded, reversed_, clipped], ids=["ste", "reversal", "clip"])
def test_a_rule_that_is_trusted_means_what_it_says(rules: Any, framework: str) -> None:
    function = summed(rules[framework])
    doubted = checked(framework, lambda x: 3.0 * function(3.0 * x))
    assert doubted.finding == "wrong rule"
    done = checked(framework, lambda x: 3.0 * function(3.0 * x), trust=[NAMES[framework]])
    assert done, repr(done)
    assert done.finding == "intended"
    assert "taken as declared of the" in repr(done)
    assert done.as_dict()["trusted"]


@pytest.mark.parametrize("framework", BOTH)
def test_a_rule_beside_one_that_is_trusted_is_blamed(framework: str) -> None:
    def function(x: Any) -> Any:
        wrong = halved if framework == "jax" else Halved.apply
        return summed(rounded[framework])(3.0 * x) + summed(wrong)(x)

    done = checked(framework, function, trust=[NAMES[framework]])
    assert [cause.name.split()[-1].lower() for cause in done.causes] == ["halved"]
    assert not done


@jax.custom_vjp
def halved(x: Any) -> Any:
    return x * x


halved.defvjp(lambda x: (x * x, x), lambda x, g: (g * x,))


class Halved(torch.autograd.Function):
    """x², with half of its derivative."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return grads[0] * ctx.saved_tensors[0]


@pytest.mark.parametrize("framework", BOTH)
def test_a_rule_that_loses_digits_alone_is_not_wrong(framework: str) -> None:
    done = checked(framework, summed(lossy[framework]))
    assert done, repr(done)
    assert done.finding == "rounding"
    assert "rounding explains what is missing" in repr(done)
    assert min(row.digits or 99.0 for row in done.claims[0].at[0].rows) < 10.0


@pytest.mark.parametrize("framework", BOTH)
def test_a_rule_that_is_wrong_in_second_order_alone_is_blamed(framework: str) -> None:
    assert checked(framework, summed(once[framework])).finding == "right"
    done = checked(framework, summed(once[framework]), operator="hvp")
    assert done.finding == "wrong rule"
    (cause,) = done.causes
    assert cause.name.endswith(NAMES[framework])
    assert cause.fault.startswith("its pullback is right, and the derivative of that is wrong")


TARGET = torch.tensor([0.3, 0.9, 0.4], dtype=torch.float64)
OWN: dict[str, tuple[Callable[[Any], Any], str, str, str]] = {
    "a kernel": (lambda x: functional.hardsigmoid(x).sum(), "gradient", "wrong kernel",
                 "hardsigmoid_backward"),
    "a derivative": (lambda x: functional.celu(-x, 0.7).sum(), "gradient", "wrong rule", "celu"),
    "a second derivative": (
        lambda x: functional.binary_cross_entropy(torch.sigmoid(x), TARGET), "hvp", "wrong rule",
        "binary_cross_entropy_backward",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", OWN)
def test_what_is_wrong_in_pytorch_itself_is_named(what: str) -> None:
    function, operator, finding, name = OWN[what]
    done = checked("torch", function, operator=operator)
    assert (done.finding, done.causes[0].name) == (finding, f"the operation {name}")


CUT: dict[str, Callable[[Any], Any]] = {
    "jax": lambda x: (jnp.sin(x) * jax.lax.stop_gradient(x)).sum(),
    "torch": lambda x: (torch.sin(x) * x.detach()).sum(),
}


@pytest.mark.parametrize("framework", BOTH)
def test_what_is_held_constant_is_intended(framework: str) -> None:
    done = checked(framework, CUT[framework])
    assert done
    assert done.finding == "intended"


def test_forward_mode_is_not_asked_of_what_holds_constant_by_no_grad() -> None:
    def function(x: Any) -> Any:
        with torch.no_grad():
            held = torch.sin(x)
        return summed(lossy["torch"])(x) + (held * x).sum()

    done = checked("torch", function)
    assert done, repr(done)
    assert "pytorch-forward" not in {claim.name for claim in done.claims}


REFUSED: dict[str, tuple[Callable[[], Check], str]] = {
    "unknown": (
        lambda: checked("torch", summed(rounded["torch"]), trust=["Rule"]),
        "Unknown rule 'Rule': expected one of Ruled",
    ),
    "of NumPy": (
        lambda: check(lambda x: np.sum(x * x), X, trust=["Ruled"]),
        "are those of JAX's and PyTorch's functions",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_trusted_is_told(what: str) -> None:
    call, told = REFUSED[what]
    with pytest.raises(GradiometerError, match=told):
        call()


@pytest.mark.parametrize("framework", BOTH)
def test_a_rule_that_is_trusted_has_no_second_derivative(framework: str) -> None:
    trust = [NAMES[framework]]
    done = checked(framework, summed(clipped[framework]), operator="hvp", trust=trust)
    assert done.finding == "undecided"
    assert "is a pullback, and has no tangents" in repr(done)
    refused = done.certificate()["points"][0]["unrecorded"]
    assert refused.endswith("is its own framework's.")

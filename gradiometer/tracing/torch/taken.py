"""What a function of PyTorch is called with: which tensors are inputs, and by which names.

Modules count as arguments made of their parameters; their buffers are copied for each call, since
normalisations change them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.nn.utils.stateless import _reparametrize_module
from torch.utils import _pytree as pytree

from gradiometer.errors import GradiometerError
from gradiometer.tracing.arguments import identifier
from gradiometer.tracing.torch.refusing import wrong

INSTEAD: dict[tuple[type, ...], str] = {
    (type(None),): "End it by `return`, without .backward().",
    (float, int): "Leave out .item() and float(…).",
    (np.ndarray, np.generic): "Leave out .numpy().",
}
"""What to do where a function returns no tensor."""

Asked = int | str | Sequence[int | str] | None


@dataclass(frozen=True)
class Taken:
    """A function with its arguments, as one of the tensors that count.

    Attributes:
        inputs: What is differentiated, by name.
        given: Other real tensors, which are held constant, by name.
        call: Takes all of them by name, and returns the real outputs by name; one that stands
            alone has the name "".
    """

    inputs: dict[str, torch.Tensor]
    given: dict[str, torch.Tensor]
    call: Callable[[Mapping[str, Any]], dict[str, Any]] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of inputs and given values, in order."""
        return (*self.inputs, *self.given)

    @property
    def arrays(self) -> tuple[torch.Tensor, ...]:
        """The tensors, in order."""
        return (*self.inputs.values(), *self.given.values())

    def flat(self, *tensors: Any) -> Any:
        """Return the outputs, of tensors in the order of the names."""
        found = tuple(self.call(dict(zip(self.names, tensors, strict=True))).values())
        return found if len(found) > 1 else found[0]


@dataclass(eq=False)
class _Place:
    """Where a tensor lies: in the leaves of the arguments, or in a module."""

    name: str
    tensor: torch.Tensor
    argument: Any
    leaf: int = -1
    module: Any = None
    parameter: str = ""


def taken(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    argnums: Asked = None,
) -> Taken:
    """Return which tensors of a call are inputs.

    Args:
        function: A function, or a module, of which the parameters are taken too.
        args: Positional arguments: tensors in any nesting, modules, and anything else.
        kwargs: Arguments by name.
        argnums: Which arguments are differentiated, by number or name; a name may also be that of a
            tensor, of a parameter, or of a module that the function closes over. By default, what
            requires grad; where nothing does, all real tensors.

    Raises:
        GradiometerError: If an argument cannot be differentiated, or there is none.
    """
    kwargs = dict(kwargs or {})
    named = _named(function, args, kwargs)
    flat, structure = pytree.tree_flatten((tuple(args), kwargs))
    places = _places(function, named, flat)
    for place in places:
        met = wrong(place.tensor) or _of_other_precision(place)
        if met:
            raise GradiometerError(f"Argument {place.name!r} is {met[0]}: {met[1]}")
    reals = [p for p in places if p.tensor.is_floating_point()]
    chosen = _chosen(reals, argnums, [name for name, _ in named])
    if not chosen:
        raise GradiometerError(_nothing(function, named, held=bool(reals)))
    modules = _modules(function, named)

    def call(values: Mapping[str, Any]) -> dict[str, Any]:
        leaves = list(flat)
        for place in reals:
            if place.leaf >= 0:
                leaves[place.leaf] = values[place.name]
        with _standing_in(modules, reals, values):
            positional, by_name = pytree.tree_unflatten(leaves, structure)
            return _outputs(function(*positional, **by_name))

    inputs = {p.name: p.tensor for p in chosen}
    return Taken(inputs, {p.name: p.tensor for p in reals if p.name not in inputs}, call)


def _of_other_precision(place: _Place) -> tuple[str, str] | None:
    dtype = place.tensor.dtype
    if not dtype.is_floating_point or dtype in (torch.float32, torch.float64):
        return None
    whose = "module" if place.module is not None else "x"
    told = str(dtype).removeprefix("torch.")
    return f"of {told}", f"expected float32 or float64. Write {whose}.float()."


def _nothing(function: Any, named: Sequence[tuple[str, Any]], *, held: bool) -> str:
    """Return that there is nothing to differentiate, and what to do."""
    kinds = ", ".join(f"{name} is {_kind(x)}" for name, x in named)
    there = f" ({kinds})" if kinds else ""
    instead = (
        "No parameter requires grad: write module.requires_grad_(), or name some by `argnums` "
        "(--wrt)."
        if held
        else "Pass tensors of floats: 2.0 for 2, x.float() for integers."
    )
    return f"{_called(function)!r} has no real number to differentiate{there}. {instead}"


def _kind(x: Any) -> str:
    if not isinstance(x, torch.Tensor):
        return type(x).__name__
    return f"a tensor of {str(x.dtype).removeprefix('torch.')}"


def _called(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _named(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the arguments with the names of the function's parameters."""
    forward = function.forward if isinstance(function, torch.nn.Module) else function
    try:
        parameters = list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    plain = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL][: len(args)]
    names = plain + [f"x{k}" for k in range(len(plain), len(args))]
    return [*zip(names, args, strict=True), *kwargs.items()]


def _places(function: Any, named: Sequence[tuple[str, Any]], flat: Sequence[Any]) -> list[_Place]:
    found: list[_Place] = []
    names: set[str] = set()

    def add(name: str, tensor: torch.Tensor, argument: Any, **where: Any) -> None:
        plain = identifier(name)
        while plain in names:
            plain += "_"
        names.add(plain)
        found.append(_Place(plain, tensor, argument, **where))

    modules = _modules(function, named)
    for owner, module in modules.items():
        for name, tensor in module.named_parameters():
            alone = len(modules) == 1 or module is function
            full = name if alone else f"{owner}.{name}"
            add(full, tensor, owner, module=module, parameter=name)
    leaf = 0
    for argument, x in named:
        for path, each in pytree.tree_flatten_with_path(x)[0]:
            if isinstance(each, torch.Tensor):
                add(argument + pytree.keystr(path).replace("'", ""), each, argument, leaf=leaf)
            leaf += 1
    assert leaf == len(flat)
    return found


def _modules(function: Any, named: Sequence[tuple[str, Any]]) -> dict[str, torch.nn.Module]:
    """Return the modules that a function is, is given, or reaches, by name."""
    found: dict[str, torch.nn.Module] = {}
    if isinstance(function, torch.nn.Module):
        found[""] = function
    elif isinstance(getattr(function, "__self__", None), torch.nn.Module):
        found["self"] = function.__self__
    for name, x in (*named, *_reached(function)):
        for path, each in pytree.tree_flatten_with_path(x)[0]:
            if isinstance(each, torch.nn.Module) and each not in found.values():
                found[name + pytree.keystr(path)] = each
    return found


def _reached(function: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a function closes over, and the globals that it names."""
    function = inspect.unwrap(getattr(function, "func", function))
    code = getattr(function, "__code__", None)
    if code is None:
        return
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        if cell != type(cell)():  # which is empty
            yield name, cell.cell_contents
    for name in code.co_names:
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _chosen(reals: Sequence[_Place], argnums: Asked, names: Sequence[str]) -> list[_Place]:
    if argnums is None:
        wanted = [p for p in reals if p.tensor.requires_grad]
        return wanted or [p for p in reals if p.leaf >= 0]
    asked = [argnums] if isinstance(argnums, int | str) else list(argnums)
    known = {p.argument for p in reals} | {p.name for p in reals}
    named = []
    for each in asked:
        if isinstance(each, int) and not -len(names) <= each < len(names):
            raise GradiometerError(f"There is no argument {each}: the call has {len(names)}.")
        name = names[each] if isinstance(each, int) else each
        if name not in known:
            raise GradiometerError(
                f"{name!r} holds no real tensor: expected of {', '.join(sorted(known))}."
            )
        named.append(name)
    return [p for p in reals if p.argument in named or p.name in named]


@contextmanager
def _standing_in(
    modules: Mapping[str, torch.nn.Module], places: Sequence[_Place], values: Mapping[str, Any]
) -> Iterator[None]:
    """Let modules compute with other parameters, and with copies of their buffers."""
    with ExitStack() as stack:
        for module in modules.values():
            own = {p.parameter: values[p.name] for p in places if p.module is module}
            own |= {name: x.detach().clone() for name, x in module.named_buffers()}
            stack.enter_context(_reparametrize_module(module, own, tie_weights=True))
        yield


def _outputs(returned: Any) -> dict[str, Any]:
    if isinstance(returned, torch.Tensor):
        if not (returned.is_floating_point() or returned.is_complex()):
            raise GradiometerError(
                f"the function returns {_kind(returned)}, which has no derivative: return the real "
                "number that it is made of."
            )
        return {"": returned}
    if hasattr(returned, "__dataclass_fields__"):
        returned = {name: getattr(returned, name) for name in returned.__dataclass_fields__}
    found = {}
    for path, x in pytree.tree_flatten_with_path(returned)[0]:
        if isinstance(x, torch.Tensor) and (x.is_floating_point() or x.is_complex()):
            name = pytree.keystr(path).replace("'", "").strip("[].")
            found[identifier(f"y{name}" if name[:1].isdigit() else name)] = x
    if not found:
        kind, instead = type(returned).__name__, "Return a tensor of floats."
        for kinds, advice in INSTEAD.items():
            if isinstance(returned, kinds):
                instead = advice
        told = f"the function returns {kind}: expected tensors of real numbers. {instead}"
        raise GradiometerError(told)
    return found

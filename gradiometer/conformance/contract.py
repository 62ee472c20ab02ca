"""The contract of the description: what a method says of itself, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from gradiometer.conformance.requests import Described
from gradiometer.conformance.result import Check
from gradiometer.plugins.registry import MethodEntry, is_name
from gradiometer.vocabulary.dtype import DTYPES
from gradiometer.vocabulary.method import Mode

USE = "Use it when"
"""How the sentence begins that says for whom a method is the right choice."""


def contract(entry: MethodEntry, told: Described) -> Iterator[Check]:
    """Yield the checks of a method's description.

    Args:
        entry: What is known of it.
        told: What it said of itself in a process of its own.
    """
    for subject, wanted, fault, cause in (
        _name(entry, told),
        _mode(told),
        _promise(entry),
        _docstring(entry, told),
        _primal(told),
        _operators(entry),
        _costs(told),
        _file(entry),
        _lazy(entry, told),
    ):
        status = "failed" if fault else "ok"
        yield Check(
            entry.name, "contract", subject, status=status, wanted=wanted, found=fault, cause=cause
        )


Told = tuple[str, str, str, str]
"""What is checked, what is expected, what came instead, and the likeliest cause."""


def _name(entry: MethodEntry, told: Described) -> Told:
    wanted = f"its address leads a fresh process to {entry.name!r}, a name in kebab-case"
    fault = "" if is_name(told.name) and told.name == entry.name else f"{told.name!r} is found"
    return "name", wanted, fault, "the name depends on the process, or on the order of loading"


def _mode(told: Described) -> Told:
    known = get_args(Mode)
    fault = "" if told.mode in known else f"mode is {told.mode!r}"
    return "mode", f"one of {', '.join(known)}", fault, "a mode that tables do not know"


def _promise(entry: MethodEntry) -> Told:
    wanted = "digits of a first derivative in float64 or float32, not more of a second"
    faults = [f"digits of {dtype!r}" for dtype in entry.digits if dtype not in DTYPES]
    if not faults and all(first is None for first, _ in entry.digits.values()):
        faults.append("no digits in any dtype")
    for dtype, (first, second) in entry.digits.items():
        if second is not None and (first is None or second > first):
            faults.append(f"{first} digits in {dtype}, of second derivatives {second}")
    return "promise", wanted, "; ".join(faults), "`digits` maps float64 and float32 to two numbers"


def _docstring(entry: MethodEntry, told: Described) -> Told:
    shipped = entry.address.built_in
    wanted = "a docstring of its own" + (f" with a sentence that begins {USE!r}" if shipped else "")
    fault = ""
    if not told.about.strip():
        fault = "none"
    elif shipped and USE not in " ".join(told.about.split()):
        fault = "no such sentence"
    return "docstring", wanted, fault, "nobody has said yet for whom it is the right choice"


def _primal(told: Described) -> Told:
    fits = isinstance(told.primal, str) and (not told.primal or is_name(told.primal))
    fault = "" if fits else f"primal is {told.primal!r}"
    return "primal", "a name in kebab-case, or nothing", fault, "a name is shared by methods"


def _operators(entry: MethodEntry) -> Told:
    fault = "" if entry.native else "none"
    cause = "`gradient`, `vjp` or `jvp` is not overridden: there is nothing to derive others from"
    return "operators", "one operator of its own at least", fault, cause


def _costs(told: Described) -> Told:
    wanted = "`evaluations` returns a number or None, `declines` a reason or None"
    return "costs", wanted, "; ".join(told.faults[:3]), "an operator or a size it does not expect"


def _file(entry: MethodEntry) -> Told:
    libraries = {name.partition(".")[0] for name in entry.requires}
    module = entry.address.module.rpartition(".")[2]
    stem = entry.address.path.stem if entry.address.path else module
    fault = f"{stem}.py" if stem in libraries else ""
    return "file", "a file that bears no library's name", fault, "its folder may hide the library"


def _lazy(entry: MethodEntry, told: Described) -> Told:
    wanted = "loading its file imports none of its libraries"
    imported = () if entry.address.pickled else told.imported
    fault = f"{', '.join(imported)} is imported" if imported else ""
    return "lazy", wanted, fault, "import it by `lazy_loader.load`, and use it in functions only"

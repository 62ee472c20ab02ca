"""Sums of products by subscripts, of any number of operands: pair by pair on the tape."""

from __future__ import annotations

import math
import string
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from gradiometer.reference.array import lift
from gradiometer.reference.contraction import Contraction, absorbing_products, contract
from gradiometer.reference.node import Node
from gradiometer.reference.reductions import total
from gradiometer.reference.refusals import WrongValue, refusal
from gradiometer.reference.rounding import Floats, of_sum
from gradiometer.reference.structure import moved, reshape, transpose

Sizes = dict[str, int]


def einsum(subscripts: str, /, *operands: Any) -> Node:
    """Return sums of products, as `"ij,jk->ik"` says; `...` stands for axes that are broadcast.

    Pairs are contracted in an order that NumPy finds to need few operations; no product is made
    before its sum. Tools may take any order: of several operands, the roundings of all sums count.
    """
    if not isinstance(subscripts, str):
        raise refusal("xp.einsum without subscripts", "they come first: xp.einsum('ij->ji', x).")
    nodes = [lift(x) for x in operands]
    inputs, out = _parsed(subscripts, [x.ndim for x in nodes])
    sizes = _sizes(subscripts, inputs, nodes)
    if set(out) - set(sizes) or len(set(out)) < len(out):
        raise refusal(
            f"xp.einsum({subscripts!r})", "a result's axes are operands', once each.", WrongValue
        )
    terms = [_Term.of(x, labels, sizes) for x, labels in zip(nodes, inputs, strict=True)]
    terms = [
        term.without(_needed([*terms[:k], *terms[k + 1 :]], out)) for k, term in enumerate(terms)
    ]
    found = _contracted(terms, out, math.prod(n for x, n in sizes.items() if x not in out))
    return transpose(found.node, [found.labels.index(x) for x in out])


class _Term:
    """An operand, or what was made of several, with a letter for each axis.

    Attributes:
        node: It.
        labels: The letters.
        sizes: Finds the same of the operands' moduli.
    """

    def __init__(self, node: Node, labels: str, sizes: Callable[[], Floats]) -> None:
        self.node, self.labels, self.sizes = node, labels, cache(sizes)

    @classmethod
    def of(cls, x: Node, labels: str, sizes: Sizes) -> _Term:
        """Return an operand with each letter once: diagonals are taken, lengths of one dropped."""
        kept = [k for k, label in enumerate(labels) if x.shape[k] == sizes[label]]
        x, labels = reshape(x, [x.shape[k] for k in kept]), "".join(labels[k] for k in kept)
        once = "".join(dict.fromkeys(labels))
        if once != labels:
            places = [once.index(label) for label in labels]
            diagonal = list(range(len(once)))
            x = moved(x, lambda positions: np.einsum(positions, places, diagonal))
        return cls(x, once, lambda: x.moduli)

    def without(self, needed: set[str]) -> _Term:
        """Return it summed over letters that nothing else needs."""
        axes = tuple(k for k, label in enumerate(self.labels) if label not in needed)
        if not axes:
            return self
        labels = "".join(label for label in self.labels if label in needed)
        return _Term(total(self.node, axes), labels, lambda: np.sum(self.sizes(), axis=axes))


def _needed(others: list[_Term], out: str) -> set[str]:
    """Return the letters that other terms, or the result, need."""
    return set(out).union(*(term.labels for term in others))


def _contracted(terms: list[_Term], out: str, summed: int) -> _Term:
    """Return all terms contracted, pair by pair."""
    of_all = len(terms)
    for group in _path(terms, out):
        ahead = [terms[k] for k in sorted(group)]
        terms = [term for k, term in enumerate(terms) if k not in group]
        while len(ahead) > 1:
            a, b = ahead[:2]
            others = [*terms, *ahead[2:]]
            last = of_all > 2 and not others
            ahead = [
                _pair(a, b, _needed(others, out), summed + of_all - 2 if last else 0),
                *ahead[2:],
            ]
        terms += ahead
    return terms[0]


def _pair(a: _Term, b: _Term, needed: set[str], terms: int) -> _Term:
    """Return two terms contracted; granted are roundings of that many terms, if more."""
    labels = "".join(x for x in dict.fromkeys(a.labels + b.labels) if x in needed)
    by = Contraction(a.labels, b.labels, labels)

    def sizes() -> Floats:
        return np.asarray(by(a.sizes(), b.sizes(), absorbing_products))

    rounding = of_sum(terms, sizes) if terms else None
    return _Term(contract(a.node, b.node, by, rounding), labels, sizes)


def _path(terms: list[_Term], out: str) -> list[tuple[int, ...]]:
    """Return which terms to contract with each other, step by step."""
    if len(terms) == 1:
        return []
    labels = sorted({x for term in terms for x in term.labels})
    operands: list[Any] = []
    for term in terms:
        operands.append(np.broadcast_to(0.0, term.node.shape))
        operands.append([labels.index(x) for x in term.labels])
    path = np.einsum_path(*operands, [labels.index(x) for x in out], optimize="greedy")[0]
    return [pair for pair in path if pair != "einsum_path"]


def _parsed(subscripts: str, axes: list[int]) -> tuple[list[str], str]:
    """Return a letter for each axis of each operand, and of the result."""
    given, arrow, out = subscripts.replace(" ", "").partition("->")
    inputs = given.split(",")
    if len(inputs) != len(axes):
        raise refusal(
            f"xp.einsum({subscripts!r}) of {len(axes)} operands",
            f"there are subscripts of {len(inputs)}.",
            WrongValue,
        )
    free = [x for x in string.ascii_letters if x not in subscripts]
    dots = [max(0, n - len(own) + 3) for n, own in zip(axes, inputs, strict=True) if "..." in own]
    front = "".join(free[: max(dots, default=0)])
    if arrow and front and "..." not in out:
        raise refusal(
            f"xp.einsum({subscripts!r})", "axes that `...` stands for are the result's.", WrongValue
        )
    if not arrow:
        named = sorted(x for x in set(given) if x.isalpha() and given.count(x) == 1)
        out = ("..." if dots else "") + "".join(named)
    expanded = []
    for own, n in zip(inputs, axes, strict=True):
        broadcast = n - len(own) + 3
        if "..." in own:
            own = own.replace("...", front[len(front) - broadcast :], 1)
        if len(own) != n or not (own.isalpha() or not own):
            raise refusal(
                f"xp.einsum({subscripts!r})", f"{own!r} does not fit an array of {n} axes.",
                WrongValue,
            )  # fmt: skip
        expanded.append(own)
    return expanded, out.replace("...", front)


def _sizes(subscripts: str, inputs: list[str], nodes: list[Node]) -> Sizes:
    """Return the length that each letter stands for; axes of length one are broadcast."""
    sizes: Sizes = {}
    for labels, node in zip(inputs, nodes, strict=True):
        for label, n in zip(labels, node.shape, strict=True):
            known = sizes.setdefault(label, n)
            if 1 not in (known, n) and known != n:
                raise refusal(
                    f"xp.einsum({subscripts!r}) of arrays of shapes "
                    f"{', '.join(str(x.shape) for x in nodes)}",
                    f"the axes {label!r} are of different lengths.",
                    WrongValue,
                )
            sizes[label] = n if known == 1 else known
    return sizes

"""NumPy's `einsum`, over a tool's arrays: its own, else products and sums, two at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradiometer.tracing.refusals import refusal

if TYPE_CHECKING:
    from gradiometer.tracing.numpy_like import NumPyLike


def einsum(nx: NumPyLike, subscripts: Any, *arrays: Any, optimize: Any = False) -> Any:
    """Return sums of products, as subscripts name their axes."""
    if not isinstance(subscripts, str):
        raise refusal("np.einsum with lists of axes", "write the subscripts as text: 'ij,j->i'.")
    found = [nx.lift(a) for a in arrays]
    text = subscripts.replace(" ", "")
    if nx.offers("einsum") and "..." not in text:
        return nx.called_with("einsum", text, *found)
    inputs, _, output = text.partition("->")
    terms = inputs.split(",")
    if "..." in text:
        terms, output = _spelled(terms, output, [a.ndim for a in found], explicit="->" in text)
    elif "->" not in text:
        output = "".join(sorted(c for c in set(inputs) - {","} if inputs.count(c) == 1))
    return _summed(nx, terms, output, found)


def _spelled(
    terms: list[str], output: str, axes: list[int], *, explicit: bool
) -> tuple[list[str], str]:
    """Return subscripts with letters in place of `...`."""
    most = max(n - len(t.replace("...", "")) for t, n in zip(terms, axes, strict=True))
    letters = "".join(c for c in "ZYXWVUTSRQ" if c not in "".join(terms))[:most]
    spelled = []
    for term, n in zip(terms, axes, strict=True):
        count = n - len(term.replace("...", ""))
        spelled.append(term.replace("...", letters[most - count :]))
    if not explicit:
        named = "".join(terms).replace(".", "")
        output = "..." + "".join(sorted(c for c in set(named) if named.count(c) == 1))
    return spelled, output.replace("...", letters)


def _summed(nx: NumPyLike, terms: list[str], output: str, arrays: list[Any]) -> Any:
    """Return the sum of products over what the output does not name, two arrays at a time."""
    pairs = [_without_repeats(nx, t, a) for t, a in zip(terms, arrays, strict=True)]
    while len(pairs) > 1:
        (s, a), (t, b), *rest = pairs
        later = output + "".join(term for term, _ in rest)
        summed = [c for c in s if c in t and c not in later]
        kept = [c for c in s if c in t and c in later]
        if kept or not summed:
            order = [*s, *(c for c in t if c not in s)]
            made = _placed(nx, s, a, order) * _placed(nx, t, b, order)
            gone = tuple(order.index(c) for c in summed)
            joined = "".join(c for c in order if c not in summed)
            made = nx.sum(made, axis=gone) if gone else made
        else:
            made = nx.tensordot(a, b, ([s.index(c) for c in summed], [t.index(c) for c in summed]))
            joined = "".join(c for c in s + t if c not in summed)
        pairs = [(joined, made), *rest]
    ((term, found),) = pairs
    gone = tuple(k for k, c in enumerate(term) if c not in output)
    found = nx.sum(found, axis=gone) if gone else found
    left = "".join(c for c in term if c in output)
    return nx.transpose(found, [left.index(c) for c in output]) if left != output else found


def _without_repeats(nx: NumPyLike, term: str, x: Any) -> tuple[str, Any]:
    """Return an array's diagonals, where a letter stands for two of its axes."""
    for c in dict.fromkeys(term):
        while term.count(c) > 1:
            first, second, *_ = (k for k, each in enumerate(term) if each == c)
            x = nx.diagonal(x, 0, first, second)
            term = "".join(e for k, e in enumerate(term) if k not in (first, second)) + c
    return term, x


def _placed(nx: NumPyLike, term: str, x: Any, order: list[str]) -> Any:
    """Return an array with an axis for each letter of an order."""
    present = [c for c in order if c in term]
    x = nx.transpose(x, [term.index(c) for c in present])
    lengths = dict(zip(present, x.shape, strict=True))
    return nx.reshape(x, [lengths.get(c, 1) for c in order])

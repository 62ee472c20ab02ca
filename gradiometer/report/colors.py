"""The colours and mark shapes of methods: plain data, the same in charts, pages and tables.

A hue stands for a family of tools, a shape for a tool in it, a shade for a method of the tool. What
is named in `FAMILIES` looks the same in every report; any other tool takes a free place that its
name decides, and another one only where two of a run would share it.

The hues are those of Okabe and Ito, which people who are blind to a colour tell apart, each made as
dark as a mark has to be on white and as light as on a dark page. Since that leaves little room for
lightness, no two tools that are named here have both hue and shape in common.

Reference:
    Okabe and Ito, Color universal design (2008), §7; Web Content Accessibility Guidelines 2.2,
    1.4.11 (contrast of marks) and 1.4.3 (of text).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import product
from zlib import crc32

import pandas as pd

FAMILIES: dict[str, dict[str, str]] = {
    "#0072B2": {  # blue: JAX, and what stands on it
        "jax_transforms": "jax jax-jit jax-forward jax-linearize jax-checkpoint jax-jet jet-array",
        "jax_coloring": "asdex",
        "enzyme_jax": "enzyme",
        "keras-jax": "keras-jax",
    },
    "#D55E00": {  # vermilion: PyTorch
        "pytorch": "pytorch pytorch-func pytorch-forward pytorch-compile pytorch-backward",
        "keras-torch": "keras-torch",
    },
    "#E69F00": {  # orange: further large frameworks
        "tensorflow_tape": "tensorflow tensorflow-function tensorflow-xla tensorflow-forward",
        "keras-tensorflow": "keras-tensorflow",
        "paddle_grad": "paddle",
    },
    "#009E73": {  # bluish green: formulas
        "symbolic": "sympy",
        "symengine_formulas": "symengine",
        "symforce_formulas": "symforce symforce-numba",
        "casadi_scalars": "casadi casadi-jit",
        "heyoka_formulas": "heyoka",
        "pytensor_graph": "pytensor pytensor-c",
    },
    "#CC79A7": {  # reddish purple: by hand
        "backprop": "backprop",
        "numba_backprop": "numba-backprop",
    },
    "#F0E442": {  # yellow: differences
        "finite_differences": "central-difference forward-difference complex-step five-point",
        "batched_differences": "batched-difference",
        "extrapolation": "richardson",
        "numdifftools_differences": "numdifftools numdifftools-complex",
        "jacobi_differences": "jacobi",
        "scipy_differentiate": "scipy-differentiate",
    },
    "#56B4E9": {  # sky blue: tapes, transformed sources and dual numbers of their own
        "autograd_tape": "autograd autograd-forward",
        "mygrad_backward": "mygrad",
        "tangent_source": "tangent",
        "mlx_transforms": "mlx mlx-compile",
        "drjit_tape": "drjit",
        "warp_kernels": "warp",
        "dual_numbers": "num-dual",
        "fastdual_numbers": "fastdual",
    },
}
"""Hues, the tools of each, and the methods of each tool in the order of their shades."""

SHAPES = {
    "circle": "●", "square": "■", "triangle-up": "▲", "diamond": "◆", "cross": "✚",
    "triangle-down": "▼", "triangle-right": "▶", "triangle-left": "◀",
}  # fmt: skip
"""Shapes of marks by their names in Vega, and as characters."""

WHITE, DARK, INK = "#ffffff", "#111111", "#1b1b1b"
"""A page in daylight, one in the dark, and text on something light."""

FAULT, MISSED, EMPTY = "#c0392b", "#767676", "#d9d9d9"
"""Colours of what was wrong or failed, of what was not measured as a mark, and as a tile."""

SHADES = [3.1 * (6.1 / 3.1) ** (k / 6) for k in range(7)]
"""Contrasts of a hue's shades to white; all have three times the lightness of a dark page, too."""

STEP = 3
"""How many shades lie between a method and the next of its tool."""

Place = tuple[str, str]
"""A hue and a shape."""


def colors(records: pd.DataFrame) -> dict[str, str]:
    """Return the colour of each method, as hexadecimal digits.

    Args:
        records: A run's cells, or any frame with columns `method` and `tool`; without `tool`, a
            method that is named in `FAMILIES` is of the tool there, any other of one of its own.
    """
    tools = _tools(records)
    places = _places(tools)
    return {
        method: _shade(places[tool][0], k)
        for tool, methods in tools.items()
        for method, k in _shades(tool, methods).items()
    }


def shapes(records: pd.DataFrame) -> dict[str, str]:
    """Return the shape of each method's mark, a key of `SHAPES`; that of its tool."""
    tools = _tools(records)
    places = _places(tools)
    return {method: places[tool][1] for tool, methods in tools.items() for method in methods}


def luminance(color: str) -> float:
    """Return the relative luminance of a colour, from 0 (black) to 1 (white)."""
    weights = zip(_linear(color), (0.2126, 0.7152, 0.0722), strict=True)
    return sum(weight * channel for channel, weight in weights)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21.

    Example:
        >>> round(contrast("#000000", "#ffffff"), 9)
        21.0
    """
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def ink(fill: str) -> str:
    """Return the colour of text on a fill: that of dark text or of white, which stands out more."""
    return max((INK, WHITE), key=lambda color: contrast(color, fill))


def shade(color: str, against_white: float) -> str:
    """Return a colour made darker, or paler, until it has this contrast to white."""
    channels, has = _linear(color), luminance(color)
    wanted = 1.05 / against_white - 0.05
    if wanted <= has:
        mixed = [c * wanted / has for c in channels]
    else:
        share = (wanted - has) / (1.0 - has)
        mixed = [c + (1.0 - c) * share for c in channels]
    return "#" + "".join(f"{round(255 * _encoded(c)):02x}" for c in mixed)


def _tools(records: pd.DataFrame) -> dict[str, list[str]]:
    methods = records["method"]
    own = {name: tool for tool, names in TOOLS.items() for name in names}
    tools = records["tool"] if "tool" in records else methods.map(lambda name: own.get(name, name))
    found: dict[str, list[str]] = {}
    for tool, method in dict.fromkeys(zip(tools, methods, strict=True)):
        found.setdefault(tool, []).append(method)
    return found


def _shades(tool: str, methods: Iterable[str]) -> dict[str, int]:
    """Return the shades of a tool's methods: of known ones their own, of others what is free."""
    own = {method: k for k, method in enumerate(TOOLS.get(tool, []))}
    found = {method: own[method] for method in methods if method in own}
    for method in sorted(set(methods) - set(found)):
        free = (k for k in range(len(SHADES)) if k not in found.values())
        found[method] = next(free, len(found))
    return found


def _places(tools: Iterable[str]) -> dict[str, Place]:
    """Return the places of tools: of known ones their own, of others the next free one."""
    found = {tool: KNOWN[tool] for tool in tools if tool in KNOWN}
    for tool in sorted(set(tools) - set(found)):
        first = crc32(tool.encode("utf-8", "backslashreplace")) % len(FREE)
        order = [*FREE[first:], *FREE[:first]]
        taken = set(found.values())
        found[tool] = next((place for place in order if place not in taken), order[0])
    return found


def _known() -> dict[str, Place]:
    """Return the places of known tools; the first of each hue differ in their shapes, too."""
    names = [*SHAPES]
    return {
        tool: (hue, names[(first + k) % len(names)])
        for first, (hue, tools) in enumerate(FAMILIES.items())
        for k, tool in enumerate(tools)
    }


TOOLS = {tool: text.split() for tools in FAMILIES.values() for tool, text in tools.items()}
KNOWN = _known()
FREE = [place for place in product(FAMILIES, SHAPES) if place not in set(KNOWN.values())]


def _shade(hue: str, k: int) -> str:
    """Return the k-th shade of a hue; the first is the one that is nearest to the hue itself."""
    own = contrast(hue, WHITE)
    first = min(range(len(SHADES)), key=lambda i: abs(SHADES[i] - own))
    return shade(hue, SHADES[(first + STEP * k) % len(SHADES)])


def _linear(color: str) -> list[float]:
    encoded = (int(color[k : k + 2], 16) / 255 for k in (1, 3, 5))
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in encoded]


def _encoded(channel: float) -> float:
    small = channel <= 0.0031308
    return 12.92 * channel if small else 1.055 * math.pow(channel, 1 / 2.4) - 0.055

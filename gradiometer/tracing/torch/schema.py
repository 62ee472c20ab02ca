"""What an operator's schema tells of it: what it shares, changes, draws, and how it went."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils import _pytree as pytree


def is_status(func: Any, k: int) -> bool:
    """Return whether an output tells how a computation went, or is of no further use."""
    returns = func._schema.returns
    return k < len(returns) and returns[k].name in ("info", "pivots", "LU", "rank", "buffer")


def is_view(func: Any) -> bool:
    """Return whether an operator's results share the storage of what it is given."""
    infos = [each.alias_info for each in func._schema.returns]
    return bool(infos) and all(i is not None and not i.is_write for i in infos)


def written(func: Any, args: Any, kwargs: Any) -> list[Any]:
    """Return the tensors that an operator changes in place."""
    found = []
    for k, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            given = args[k] if k < len(args) else kwargs.get(argument.name)
            found += [t for t in pytree.tree_leaves(given) if isinstance(t, torch.Tensor)]
    return found


def draws(func: Any, args: Any, kwargs: Any) -> bool:
    """Return whether an operator draws random numbers, called so."""
    bound = dict(zip([a.name for a in func._schema.arguments], args, strict=False)) | kwargs
    return not (bound.get("train") is False or bound.get("dropout_p") == 0.0)

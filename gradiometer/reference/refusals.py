"""What NumPy's arrays have and the reference's refuse, and what to write instead."""

from __future__ import annotations

MOVE = "the components of an array of the reference lie nowhere in memory."
CUT = "its derivative would be lost; write the operation with `xp`."
BITS_ONLY = "bits are of booleans and integers alone."
REFUSED: dict[str, str] = {
    "argpartition": "write xp.argsort.",
    "base": MOVE,
    "byteswap": MOVE,
    "choose": "write xp.where.",
    "compress": "index with the booleans: x[mask].",
    "ctypes": MOVE,
    "data": MOVE,
    "dump": CUT,
    "dumps": CUT,
    "flags": MOVE,
    "getfield": MOVE,
    "imag": "the reference is of real functions.",
    "itemset": "assign to the index: x[i] = value.",
    "nonzero": "compare first, and take numpy.nonzero of the booleans.",
    "partition": "write xp.sort.",
    "put": "assign to the index: x[i] = value.",
    "resize": "write xp.reshape or xp.tile.",
    "searchsorted": "compare with all: xp.sum(x < value).",
    "setfield": MOVE,
    "setflags": MOVE,
    "strides": MOVE,
    "sort": "write x = xp.sort(x).",
    "to_device": "the reference has one device.",
    "tobytes": CUT,
    "tofile": CUT,
    "newbyteorder": MOVE,
    "__array_interface__": MOVE,
    "__array_struct__": MOVE,
    "__array_finalize__": MOVE,
    "__array_wrap__": MOVE,
    "__buffer__": MOVE,
    "__dlpack__": MOVE,
    "__dlpack_device__": MOVE,
}
"""Attributes of NumPy's arrays that the reference's have not, and what to write instead."""

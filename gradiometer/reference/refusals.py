"""What NumPy's arrays have and the reference's refuse, and what to write instead."""

from __future__ import annotations

NO_ADDRESS = "the components of an array of the reference lie nowhere in memory."
DERIVATIVE_LOST = "its derivative would be lost; write the operation with `xp`."
BITS_ONLY = "bits are of booleans and integers alone."
REFUSED: dict[str, str] = {
    "argpartition": "write xp.argsort.",
    "base": NO_ADDRESS,
    "byteswap": NO_ADDRESS,
    "choose": "write xp.where.",
    "compress": "index with the booleans: x[mask].",
    "ctypes": NO_ADDRESS,
    "data": NO_ADDRESS,
    "dump": DERIVATIVE_LOST,
    "dumps": DERIVATIVE_LOST,
    "flags": NO_ADDRESS,
    "getfield": NO_ADDRESS,
    "imag": "the reference is of real functions.",
    "itemset": "assign to the index: x[i] = value.",
    "nonzero": "compare first, and take numpy.nonzero of the booleans.",
    "partition": "write xp.sort.",
    "put": "assign to the index: x[i] = value.",
    "resize": "write xp.reshape or xp.tile.",
    "searchsorted": "compare with all: xp.sum(x < value).",
    "setfield": NO_ADDRESS,
    "setflags": NO_ADDRESS,
    "strides": NO_ADDRESS,
    "sort": "write x = xp.sort(x).",
    "to_device": "the reference has one device.",
    "tobytes": DERIVATIVE_LOST,
    "tofile": DERIVATIVE_LOST,
    "newbyteorder": NO_ADDRESS,
    "__array_interface__": NO_ADDRESS,
    "__array_struct__": NO_ADDRESS,
    "__array_finalize__": NO_ADDRESS,
    "__array_wrap__": NO_ADDRESS,
    "__buffer__": NO_ADDRESS,
    "__dlpack__": NO_ADDRESS,
    "__dlpack_device__": NO_ADDRESS,
}
"""Attributes of NumPy's arrays that the reference's have not, and what to write instead."""

"""Methods that go wrong, one way each: what the harness must turn into the right status."""

import ctypes
import os
import random
import signal
import subprocess
import sys
import threading
import time

import numpy as np

from gradiometer import Method, Namespace, Unsupported


class _Backprop(Method):
    """The problem's own backward pass, as a right answer to spoil."""

    mode = "manual"

    def namespace(self):
        return Namespace(np)

    def array(self, a):
        return a

    def gradient(self, f):
        def gradient(inputs, given):
            return self.spoil(f.problem.backward(*map(np.asarray, inputs), **given))

        return gradient

    def spoil(self, gradients):
        return gradients


class Right(_Backprop):
    """Nothing wrong: the neighbour that must not be harmed."""

    name = "right"


class Zeros(_Backprop):
    """All zeros."""

    name = "zeros"

    def spoil(self, gradients):
        return [0.0 * g for g in gradients]


class Frozen(_Backprop):
    """The gradient at the point of preparation, whatever the inputs are."""

    name = "frozen"

    def gradient(self, f):
        point = f.point
        kept = f.problem.backward(*point.inputs.values(), **point.given)
        return lambda inputs, given: kept


class Folded(_Backprop):
    """Right in the inputs, but with the given values folded into constants at preparation."""

    name = "folded"

    def gradient(self, f):
        given_then = f.point.given
        return lambda inputs, given: f.problem.backward(*inputs, **given_then)


class NotANumber(_Backprop):
    """One NaN."""

    name = "nan"

    def spoil(self, gradients):
        return [np.full_like(np.asarray(gradients[0]), np.nan), *gradients[1:]]


class WrongShape(_Backprop):
    """An axis too many."""

    name = "wrong-shape"

    def spoil(self, gradients):
        return [np.asarray(g)[None] for g in gradients]


class TooFew(_Backprop):
    """The last derivative is missing."""

    name = "too-few"

    def spoil(self, gradients):
        return list(gradients)[:-1]


class Text(_Backprop):
    """Text instead of numbers."""

    name = "text"

    def spoil(self, gradients):
        return [np.asarray(g).astype(str) for g in gradients]


class Nothing(_Backprop):
    """None instead of a gradient."""

    name = "nothing"

    def spoil(self, gradients):
        return None


class Single(_Backprop):
    """Computed in float32."""

    name = "single"

    def spoil(self, gradients):
        return [np.asarray(g).astype(np.float32) for g in gradients]


class RaisesInPreparation(_Backprop):
    """Raises while preparing."""

    name = "raises-in-preparation"

    def gradient(self, f):
        raise ValueError("cannot trace this")


class RaisesInCall(_Backprop):
    """Raises when called."""

    name = "raises-in-call"

    def spoil(self, gradients):
        return gradients[0] / {}["missing"]


class RaisesLater(_Backprop):
    """Raises at its hundredth call: after the agreement, in the middle of a sample."""

    name = "raises-later"
    calls = 0

    def spoil(self, gradients):
        self.calls += 1
        if self.calls >= 100:
            raise RuntimeError("worn out")
        return gradients


class LacksAnOperation(_Backprop):
    """Says that it does not support the case."""

    name = "lacks-an-operation"

    def gradient(self, f):
        raise Unsupported("no gradients on Sundays")


class LacksTheNamespace(_Backprop):
    """Has no functions at all."""

    name = "lacks-the-namespace"

    def namespace(self):
        return Namespace(object())

    def gradient(self, f):
        return lambda inputs, given: (f(inputs, given),)


class OutOfMemory(_Backprop):
    """Asks for more memory than there is."""

    name = "out-of-memory"

    def spoil(self, gradients):
        return np.empty(1 << 62, dtype=np.uint8)


class Exits(_Backprop):
    """Ends the process."""

    name = "exits"

    def spoil(self, gradients):
        os._exit(3)


class Aborts(_Backprop):
    """Is killed by a signal."""

    name = "aborts"

    def spoil(self, gradients):
        os.abort()


class CallsExit(_Backprop):
    """Calls sys.exit, which must not end the worker in good order."""

    name = "calls-exit"

    def spoil(self, gradients):
        raise SystemExit(0)


class Hangs(_Backprop):
    """Never returns, and ignores SIGTERM."""

    name = "hangs"

    def spoil(self, gradients):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(1.0)


class Chatters(_Backprop):
    """Right, but writes a megabyte to stdout, stderr and file descriptor 1."""

    name = "chatters"

    def gradient(self, f):
        sys.stdout.write("x" * (1 << 20))
        os.write(1, b"y" * (1 << 20))
        os.write(2, b"z" * (1 << 20))
        return super().gradient(f)


class NeedsAnotherLibrary(_Backprop):
    """Needs a library that nobody has."""

    name, extra = "needs-another-library", "nosuch"
    requires = ("no_such_library_anywhere",)


class Declines(_Backprop):
    """Will not try, and says why."""

    name = "declines"

    def declines(self, operator, n, m):
        return f"{n} inputs: forecast a week."


class TooSlow(_Backprop):
    """Would need a million primals a call."""

    name = "too-slow"

    def evaluations(self, operator, n, m):
        return 10**9


class SegmentationFault(_Backprop):
    """Reads from address zero."""

    name = "segmentation-fault"

    def spoil(self, gradients):
        ctypes.string_at(0)


class Deadlock(_Backprop):
    """Waits for a lock that it holds."""

    name = "deadlock"

    def spoil(self, gradients):
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()


class Eats(_Backprop):
    """Takes memory without bound, and touches it."""

    name = "eats"

    def spoil(self, gradients):
        taken = []
        while True:
            taken.append(np.ones(1 << 22))


class Wavers(_Backprop):
    """Right at first, then different from call to call."""

    name = "wavers"
    calls = 0

    def spoil(self, gradients):
        self.calls += 1
        return [g * (1.0 + 1e-6 * max(0, self.calls - 5)) for g in gradients]


class LeavesThings(_Backprop):
    """Leaves a thread, a child process, and a child of its own session behind."""

    name = "leaves-things"

    def gradient(self, f):
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        subprocess.Popen(command)
        subprocess.Popen(command, start_new_session=True)
        return super().gradient(f)


class ChangesTheProcess(_Backprop):
    """Changes directory, path, NumPy's error state and both random seeds."""

    name = "changes-the-process"

    def spoil(self, gradients):
        os.chdir("/")
        sys.path.clear()
        np.seterr(all="raise")
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        return gradients


class Watches(_Backprop):
    """Right only where nobody has changed the process before."""

    name = "watches"

    def spoil(self, gradients):
        untouched = sys.path and np.geterr()["under"] == "ignore" and os.getcwd() != "/"  # noqa: PTH109
        return gradients if untouched else [0.0 * g for g in gradients]

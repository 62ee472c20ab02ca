"""What problems and methods there are, as descriptions, and how they are chosen by name.

A registry holds no problem and no method: those are loaded from their addresses in the processes
that need them. Only objects that the caller made stay, in the caller's process.
"""

from __future__ import annotations

import fnmatch
import functools
import inspect
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import Any, ClassVar, Literal

from gradiometer.errors import GradiometerError, InvalidPlugin, UnknownName
from gradiometer.plugins import environments
from gradiometer.plugins.address import Address, by_value
from gradiometer.plugins.files import Plugin
from gradiometer.plugins.own import Called
from gradiometer.tracing.written import Written
from gradiometer.vocabulary.differences import Differences
from gradiometer.vocabulary.method import Digits, Method, Mode, missing
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.problem import Problem

Kind = Literal["problems", "methods"]
KINDS: tuple[Kind, ...] = ("problems", "methods")

MOST_LETTERS = 60
"""Letters that a name may have."""

PROMISES = (1.0, 16.0)
"""Fewest and most digits that a method can promise: a promise of none would excuse any answer."""


DERIVATIVES_ALONE = {
    "name", "mode", "digits", "exact", "composes", "evaluations", "declines",
    "gradient", "jacobian", "hessian", "jvp", "vjp", "hvp",
}  # fmt: skip
"""Attributes of a method that do not matter to how it evaluates a problem's value."""


@dataclass(frozen=True)
class ProblemEntry:
    """What is known of a problem; see `Problem`.

    Attributes:
        labels: Its sizes as text.
        larger: Sizes that are taken only where they are named in full.
        by_hand: Operators that its author has written.
        dtype: What its numbers are unless another type is asked for.
        summary: The docstring's first line, which holds the formula.
        about: The rest of the docstring.
    """

    name: str
    labels: tuple[str, ...]
    outputs: tuple[str, ...]
    by_hand: tuple[str, ...]
    dtype: str
    summary: str
    about: str
    source: str
    on_request: bool
    expected: Mapping[str, str]
    address: Address[Problem]
    larger: tuple[str, ...] = ()

    @classmethod
    def of(cls, problem: Problem, address: Address[Problem]) -> ProblemEntry:
        """Describe a problem."""
        summary, _, about = (inspect.getdoc(problem.written) or "").partition("\n")
        by_hand = tuple(problem.derivatives)
        own = (problem.labels, problem.outputs, by_hand, problem.dtype)
        told = (summary, about.strip(), problem.source)
        rest = (problem.on_request, problem.expected, address)
        return cls(problem.name, *own, *told, *rest, larger=problem.larger_labels)

    def label(self, size: str | None) -> str:
        """Return the label of a size, of the first where none is named.

        Raises:
            UnknownName: If there is no such size.
        """
        known = self.labels + self.larger
        if size is not None and size not in known:
            raise UnknownName(f"size of problem {self.name!r}", size, [s for s in known if s])
        return self.labels[0] if size is None else size

    def expects(self, method: str) -> str:
        """Return the status that a method's cells are known to end with; empty where none is."""
        found = (s for pattern, s in self.expected.items() if fnmatch.fnmatchcase(method, pattern))
        return next(found, "")


@dataclass(frozen=True)
class MethodEntry:
    """What is known of a method; see `Method`.

    Attributes:
        about: The docstring's first line.
        package: What pip installs, where that is called otherwise than what is imported.
        native: Operators that it has itself; others are derived of them.
        primal: What it evaluates as a problem's value: a name of its tool's, or its own name.
        environment: The environment that its workers run in; empty for Gradiometer's own.
        stepped: Whether it is one of differences with a step.
    """

    name: str
    mode: Mode
    tool: str
    requires: tuple[str, ...]
    extra: str | None
    digits: Digits
    exact: bool
    about: str
    address: Address[Method]
    primal: str
    package: str = ""
    native: tuple[str, ...] = ()
    environment: str = ""
    stepped: bool = False

    @classmethod
    def of(cls, method: Method, address: Address[Method], family: str = "") -> MethodEntry:
        """Describe a method of a family, by default one of its own.

        Raises:
            InvalidPlugin: If it promises digits that no method can, or its environment has no
                name.
        """
        _refuse_promises(method)
        if method.environment:
            _refuse_names("Environment", method.environment)
        tool = method.tool or family or method.name
        about = (type(method).__doc__ or "").partition("\n")[0]
        told = (method.requires, method.extra, method.digits, method.exact, about)
        own = (_primal(method), method.package, _native(method), method.environment)
        stepped = isinstance(method, Differences)
        return cls(method.name, method.mode, tool, *told, address, *own, stepped)

    @property
    def packages(self) -> tuple[str, ...]:
        """What its versions are told of: what pip installs, then what else is imported."""
        libraries = tuple(each.partition(".")[0] for each in self.requires)
        return (self.package, *libraries[1:]) if self.package else libraries

    @property
    def version(self) -> str | None:
        """The version of its library; of what needs none, NumPy's. `None` if it is not there."""
        from importlib.metadata import PackageNotFoundError  # which takes a while

        name = next(iter(self.packages), "numpy")
        try:
            if self.environment:
                return environments.Environment(self.environment).version(name)
            return _version(name)
        except (PackageNotFoundError, ModuleNotFoundError):
            return None

    @cached_property
    def missing(self) -> str | None:
        """Why it cannot run here: its library, or its environment, is not there.

        Imports nothing.
        """
        if self.environment:
            return environments.missing(self.environment, self.requires, self.package)
        return missing(self.requires, self.package)


@functools.cache
def _version(package: str) -> str:
    """Return a library's version; methods of a tool have the same, and it takes a while to read.

    It stands in the head of the metadata, below which lies all that is to be read of a package:
    `importlib.metadata.version` parses that, too.

    Raises:
        PackageNotFoundError: If it is not installed: that is not kept.
    """
    from importlib.metadata import distribution

    installed = distribution(package)
    head = (installed.read_text("METADATA") or "").partition("\n\n")[0]
    found = re.search(r"^Version: *(\S+)", head, re.MULTILINE)
    return found[1] if found else installed.version


@dataclass(frozen=True)
class Broken:
    """A plugin that could not be loaded, under the name of its file, and why.

    In a plan it stands for a problem of one size with a scalar value, or for a method in reverse
    mode, as a method is unless it says otherwise.
    """

    kind: Kind
    name: str
    reason: str
    path: Path | None = None
    labels: ClassVar[tuple[str, ...]] = ("",)
    larger: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar[tuple[str, ...]] = ()
    dtype: ClassVar[str] = "float64"
    mode: ClassVar[Mode] = "reverse"

    @property
    def tool(self) -> str:
        """Its own name: it shares no worker."""
        return self.name

    def expects(self, method: str) -> str:
        """Return nothing: no cell of it is known to end otherwise."""
        return ""


@dataclass
class Registry:
    """Problems and methods by name.

    Attributes:
        problems: The problems.
        methods: The methods.
        broken: The plugins that could not be loaded.
        origins: Files of the modules that were loaded; `None` where a module is importable.
        paths: The extra files and folders that were asked for.
    """

    problems: dict[str, ProblemEntry] = field(default_factory=dict)
    methods: dict[str, MethodEntry] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)
    origins: dict[str, Path | None] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)
    _objects: list[Plugin] = field(default_factory=list)

    def add(self, item: Plugin, family: str = "", module: str = "") -> None:
        """Describe an object, unless it is described already.

        Args:
            item: The object.
            family: The tool of a method that does not name its own.
            module: The module of `origins` that holds it; one that no such module holds stays in
                this process, and travels by value.

        Raises:
            GradiometerError: If something else has that name, it cannot be sent to a worker, or it
                is invalid (`InvalidPlugin`).
        """
        kind: Any = Problem if isinstance(item, Problem) else Method
        known = (self.problems if kind is Problem else self.methods).get(item.name)
        if known is not None:
            if known.address.module == module != "" or not self._is(known, item):
                places = f"in {self._home(known.address)} and in {self._place(module)}"
                raise GradiometerError(
                    f"{kind.__name__} {item.name!r} is defined twice, {places}: names must be "
                    "unique. Rename one of them."
                )
            return
        if not (isinstance(item, Problem) and isinstance(item.function, Written)):
            _refuse_names(kind.__name__, item.name)
        if module:
            address = Address(kind, item.name, module, self.origins[module])
        else:
            address = by_value(item)
            self._objects.append(item)
        if isinstance(item, Problem):
            self.problems[item.name] = ProblemEntry.of(item, address)
        else:
            self.methods[item.name] = MethodEntry.of(item, address, family)

    def merge(self, other: Registry) -> None:
        """Take over what another registry, made in another process, holds beyond this one."""
        for kind in KINDS:
            mine, theirs = getattr(self, kind), getattr(other, kind)
            mine.update({name: entry for name, entry in theirs.items() if name not in mine})
        self.origins |= other.origins
        self.paths += [path for path in other.paths if path not in self.paths]
        self.broken += [each for each in other.broken if each not in self.broken]

    def forget_objects(self) -> None:
        """Keep descriptions alone, which another process can read."""
        self._objects.clear()

    def add_called(self, called: Called) -> str:
        """Describe a function of the user's as a problem, and return the problem's name.

        Raises:
            GradiometerError: If it cannot be made one.
        """
        problem = called.problem()
        for name in (problem.name, f"{_stem(called)}.{problem.name}"):
            address = Address(Problem, name, called=called)
            known = self.problems.get(name)
            if known is None or known.address == address:
                self.problems[name] = ProblemEntry.of(replace(problem, name=name), address)
                return name
        raise GradiometerError(
            f"Problem {problem.name!r} is defined twice: names must be unique. Rename the function."
        )

    @property
    def holds_objects(self) -> bool:
        """Whether something in it is an object of this process, which no other finds again."""
        return bool(self._objects)

    @property
    def functions(self) -> list[Called]:
        """The functions of the user's that are among the problems."""
        called = (problem.address.called for problem in self.problems.values())
        return [each for each in called if each is not None]

    def _is(self, known: ProblemEntry | MethodEntry, item: Plugin) -> bool:
        """Return whether an entry describes this object, and not another one of its name."""
        if known.address.pickled:
            return any(made is item for made in self._objects)
        filed = known.address.load()
        alike = type(filed) is type(item) and isinstance(item, Method) and vars(filed) == vars(item)
        return filed is item or alike

    def holds(self, files: Collection[Path], left_out: Collection[Path] = ()) -> bool:
        """Return whether any of some files brought something, was broken, or was left out."""
        known = {problem.address.path for problem in self.problems.values()}
        known |= {method.address.path for method in self.methods.values()}
        known |= {broken.path for broken in self.broken}
        return any(path.resolve() in known | {*left_out} for path in files)

    def _home(self, address: Address[Any]) -> str:
        return str(address.path or "") or self._place(address.module)

    def _place(self, module: str) -> str:
        """Return a module's file, or its name; of none, that it is an object."""
        return str(self.origins.get(module) or module or "an object that was made here")

    def add_broken(self, kind: Kind, name: str, reason: str, path: Path | None = None) -> None:
        """Note a plugin that could not be loaded, under a free name."""
        free = f"{name} (broken)" if name in self.named(kind) else name
        self.broken.append(Broken(kind, free, reason, path))

    def named(self, kind: Kind) -> dict[str, Any]:
        """Return all entries of a kind by name, broken ones last."""
        return {**getattr(self, kind), **{b.name: b for b in self.broken if b.kind == kind}}

    def matching(self, kind: Kind, pattern: str) -> list[Any]:
        """Return the entries of a kind whose names match a glob pattern, broken ones last.

        `*` alone means all that are not measured on request only, `all` those of them that can run
        here.
        """
        named = self.named(kind)
        if pattern == "all" and pattern not in named:
            found = self.matching(kind, "*")
            return [e for e in found if not getattr(e, "missing", None)]
        found = [named[name] for name in fnmatch.filter(named, pattern)]
        return [e for e in found if pattern != "*" or not getattr(e, "on_request", False)]


def _stem(called: Called) -> str:
    """Return what a function's module is called."""
    return called.path.stem if called.path else called.module.rpartition(".")[2]


def _native(method: Method) -> tuple[str, ...]:
    """Return the operators that a method does not leave to derivation, of those it promises."""
    differentiating = (
        name
        for name, each in OPERATORS.items()
        if each.differentiates and any(each.promise(method.digits, d) for d in method.digits)
    )
    return tuple(n for n in differentiating if getattr(type(method), n) is not getattr(Method, n))


def _primal(method: Method) -> str:
    """Return what a method evaluates as a value.

    What a class says of that does not hold of a subclass in which more than derivatives differ.
    """
    for kind in type(method).__mro__ if not vars(method) else ():
        own = vars(kind)
        if "primal" in own:
            return own["primal"] or method.name
        if any(not name.startswith("__") for name in own.keys() - DERIVATIVES_ALONE):
            break
    return method.name


def is_name(name: object) -> bool:
    """Return whether something can be the name of a problem or a method."""
    kebab = isinstance(name, str) and re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name)
    return bool(kebab) and len(str(name)) <= MOST_LETTERS


def _refuse_names(kind: str, name: object) -> None:
    """Refuse what can be no name.

    Raises:
        InvalidPlugin: If it is none.
    """
    if not is_name(name):
        raise InvalidPlugin(
            f"{kind} {str(name)[:MOST_LETTERS]!r} has no name that can be used: expected small "
            f"letters, digits and hyphens, at most {MOST_LETTERS}, such as my-method-2."
        )


def _refuse_promises(method: Method) -> None:
    """Refuse a method whose promises cannot be.

    Raises:
        InvalidPlugin: If a promise is no pair of numbers of digits.
    """
    least, most = PROMISES
    pairs = method.digits.items() if isinstance(method.digits, Mapping) else [("", method.digits)]
    for dtype, pair in pairs:
        fits = isinstance(pair, Sequence) and len(pair) == len(PROMISES)
        if not fits or not all(_can_be_promised(d) for d in pair):
            raise InvalidPlugin(
                f"Method {method.name!r} promises {pair!r} digits{dtype and f' in {dtype}'}: "
                f"expected those of a first and of a second derivative, each from {least:g} to "
                f'{most:g}, as in {{"float64": (12.0, 11.0)}}.'
            )


def _can_be_promised(digits: object) -> bool:
    """Return whether so many digits can be promised; `None` promises nothing."""
    least, most = PROMISES
    return digits is None or (isinstance(digits, Real) and least <= float(digits) <= most)

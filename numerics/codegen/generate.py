"""Expressions to stand-alone source: `generate(...)` gives a `Kernel`, which loads as a function or is written to a file."""

from __future__ import annotations

import hashlib
import inspect
import linecache
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from regimes.numerics.files import write_whole
from regimes.theory.errors import UnknownNameError

__all__ = ["GENERATOR_VERSION", "Kernel", "generate", "module"]

GENERATOR_VERSION = "2"


@dataclass(frozen=True)
class Kernel:
    """A generated function.

    Attributes
    ----------
    name, args
        Of the function; ``NAME_with_error`` in the same source returns (value, error).
    target : str
        "numpy" (arrays of float64 that broadcast, or its own `DoubleDouble`) or "mpmath" (numbers at the ambient precision).
    source : str
        The text of a module that needs NumPy, or mpmath, only.
    key : str
        SHA-256 over everything that decides the source.
    doc : str
        What the function computes, one line.
    """

    name: str
    args: tuple[str, ...]
    target: str
    source: str
    key: str
    doc: str = ""

    def load(self) -> Callable[..., Any]:
        """The function `name`."""
        return getattr(self.namespace(), self.name)  # type: ignore[no-any-return]

    def load_with_error(self) -> Callable[..., tuple[Any, Any]]:
        """The function `NAME_with_error`, which returns (value, error)."""
        return getattr(self.namespace(), f"{self.name}_with_error")  # type: ignore[no-any-return]

    def namespace(self) -> ModuleType:
        """The loaded module."""
        return loaded(self.name, self.source)

    def write(self, path: str | Path) -> Path:
        """Write the source to `path`, whole or not at all."""
        write_whole(Path(path), self.source)
        return Path(path)


@cache
def loaded(name: str, source: str) -> ModuleType:
    """Run source made by this generator as a module (once per source); tracebacks show its lines."""
    filename = f"<regimes kernel {name} {hashlib.sha256(source.encode()).hexdigest()[:12]}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    space = ModuleType(f"regimes_kernel_{name}")
    exec(compile(source, filename, "exec"), space.__dict__)
    return space


def generate(
    name: str,
    args: Sequence[Any],
    expr: Any,
    *,
    target: str,
    doc: str = "",
    definitions: Mapping[Any, Any] | None = None,
    reference: str = "",
    meanings: Mapping[str, str] | None = None,
    selftest: Sequence[Sequence[Any]] = (),
) -> Kernel:
    """Source of a function `name(*args)` that computes `expr`.

    Parameters
    ----------
    name : str
        Of the function.
    args : sequence
        SymPy symbols, in the order of the signature; a reserved word such as ``lambda`` gets an underscore.
    expr : Expr
        SymPy expression in the arguments and the defined symbols; averages and roots of
        `regimes.theory.symbolic.averages` may nest in it.
    target : str
        "numpy" or "mpmath".
    doc, reference, meanings
        One line on the value, where it comes from, and meaning and unit by argument name.
    definitions : mapping, optional
        Symbol -> expression, in order: intermediate quantities that keep their names in the source.
    selftest : sequence
        Argument tuples (numbers, or strings for exact decimals); their values are computed here by a slow evaluator that
        shares nothing with the generated code, and checked when the source is run as a program.

    Raises
    ------
    UnsupportedExpressionError
        The expression holds a function or a constant that the printer of the target does not know.
    UnknownNameError
        No such target.
    """
    from regimes.numerics.codegen.lowering import function_body, legal_name
    from regimes.numerics.codegen.printers import printer_class
    from regimes.numerics.codegen.reference_values import value_text

    printer_class(target)
    runtime = RUNTIMES[target]()
    definitions = dict(definitions or {})
    meanings = dict(meanings or {})
    own = legal_name(name, {*runtime, *printer_class(target).reserved})
    names, body = function_body(args, expr, definitions, target, {own, f"_{own}", f"{own}_with_error", *runtime, "Any"})
    embedded = embed(runtime, "\n".join(body) + runtime["__entry__"])
    checks = [(tuple(map(str, point)), value_text(expr, definitions, dict(zip(args, point, strict=True)))) for point in selftest]
    source = MODULE.format(
        title=literal(doc or name),
        formula=literal(formula_text(own, names, args, expr, definitions)),
        arguments=literal(
            "\n".join(
                f"{n} : {meanings.get(s.name, meanings.get(n, 'real number' if target == 'mpmath' else 'array of real numbers'))}"
                for n, s in zip(names, args, strict=True)
            )
            or "none"
        ),
        reference=literal(f"\nSource: {reference}\n" if reference else ""),
        imports=IMPORTS[target],
        runtime=embedded,
        name=own,
        args=", ".join(names),
        body_args=", ".join(["one", *names]),
        comma="".join(f", {n}" for n in names),
        body=textwrap.indent("\n".join(body), "    "),
        doc=literal(doc or f"{own} of {', '.join(names)}."),
        shape=SHAPES[target],
        evaluate=EVALUATE[target],
        checks=textwrap.indent("".join(f"({point!r}, {value!r}),\n" for point, value in checks), "    "),
        selftest=SELFTESTS[target].format(name=own),
    )
    return Kernel(own, tuple(names), target, source, key(name, args, expr, target, definitions), doc)


def key(name: str, args: Sequence[Any], expr: Any, target: str, definitions: Mapping[Any, Any]) -> str:
    """SHA-256 of generator version, SymPy version, target, name, arguments, expression and definitions."""
    import sympy as sp

    parts = [GENERATOR_VERSION, sp.__version__, target, name, *map(sp.srepr, args), sp.srepr(expr)]
    parts += [f"{sp.srepr(s)}={sp.srepr(e)}" for s, e in definitions.items()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def module(kernels: Sequence[Kernel]) -> str:
    """Source of one module that holds several kernels of one target, the shared functions once."""
    targets = {k.target for k in kernels}
    if len(targets) != 1:
        raise UnknownNameError("common target", " and ".join(sorted(targets)), [k.target for k in kernels[:1]])
    import ast

    seen: set[str] = set()
    parts, mains = [], []
    for kernel in kernels:
        tree = ast.parse(kernel.source)
        lines = kernel.source.splitlines()
        for node in tree.body:
            text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            if isinstance(node, ast.If):
                mains.append("\n".join(lines[node.lineno : node.end_lineno]))
            elif isinstance(node, ast.Expr) or text in seen:
                continue
            else:
                seen.add(text)
                parts.append(text if not isinstance(node, ast.FunctionDef) else f"\n{text}\n")
    title = ", ".join(k.name for k in kernels)
    return (
        f'"""{title}: generated functions that need nothing but the imports below."""\n\n'
        + "\n".join(parts)
        + '\n\nif __name__ == "__main__":\n'
        + "\n".join(mains)
        + "\n"
    )


def numpy_runtime() -> dict[str, Any]:
    """Functions that numpy kernels may call, by name."""
    from regimes.numerics.runtime import double_double, exact_steps, functions, quadrature, roots

    space = {n: f for m in (exact_steps, double_double, functions, quadrature, roots) for n, f in vars(m).items()}
    own = {n: f for n, f in space.items() if inspect.isfunction(inspect.unwrap(f)) or inspect.isclass(f)}
    return {n: f for n, f in own.items() if f.__module__.startswith("regimes.numerics")} | {"__entry__": " evaluate evaluate_with_error"}


def mpmath_runtime() -> dict[str, Any]:
    """Functions that mpmath kernels may call, by name."""
    from regimes.numerics.runtime import multiprecision

    return {n: f for n, f in vars(multiprecision).items() if inspect.isfunction(f) and f.__module__ == multiprecision.__name__} | {
        "__entry__": " converge converge_with_error"
    }


def embed(runtime: Mapping[str, Any], text: str) -> str:
    """Source of the functions of `runtime` that `text` uses, directly or through one another, in the order of their files."""
    import re

    sources = {n: inspect.getsource(f) for n, f in runtime.items() if n != "__entry__"}
    needed: set[str] = set()
    todo = [text]
    while todo:
        words = set(re.findall(r"\w+", todo.pop()))
        for n in words & set(sources) - needed:
            needed.add(n)
            todo.append(sources[n])
    return "\n\n".join(sources[n] for n in sources if n in needed)


def literal(text: str) -> str:
    """Text that may stand inside a docstring."""
    return text.replace("\\", "\\\\").replace('"""', "'''")


def formula_text(name: str, names: Sequence[str], args: Sequence[Any], expr: Any, definitions: Mapping[Any, Any]) -> str:
    """The formula with its definitions, wrapped."""
    lines = [f"{name}({', '.join(names)}) = {expr}"] + [
        f"{'where' if k == 0 else '     '} {s} = {e}" for k, (s, e) in enumerate(definitions.items())
    ]
    return "\n".join("\n".join(textwrap.wrap(line, 116, subsequent_indent="        ", break_long_words=False)) for line in lines)


RUNTIMES: dict[str, Callable[[], dict[str, Any]]] = {"numpy": numpy_runtime, "mpmath": mpmath_runtime}
IMPORTS = {"numpy": "import numpy as np", "mpmath": "from mpmath import mp"}
EVALUATE = {"numpy": "evaluate", "mpmath": "converge"}
SHAPES = {
    "numpy": "Arguments are arrays of doubles, which broadcast; errors are measured by the same formula in pairs of doubles.",
    "mpmath": "Every digit of the ambient precision mp.dps is meant; a string is the decimal number it spells.",
}

MODULE = '''"""{title}

{formula}

{arguments}
{reference}
{shape}
Generated; needs nothing but the imports below. Run as a program, it tests itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

{imports}


{runtime}

def _{name}({body_args}):
{body}


def {name}({args}):
    """{doc}"""
    return {evaluate}(_{name}{comma})


def {name}_with_error({args}):
    """Value and absolute error of `{name}`; nan where no root exists."""
    return {evaluate}_with_error(_{name}{comma})


# Arguments and values from a slow evaluation of the formula in arbitrary precision, independent of the code above.
CHECKS_{name} = [
{checks}]


def _test_{name}():
{selftest}

if __name__ == "__main__":
    _test_{name}()
'''

SELFTESTS = {
    "numpy": """\
    for point, expected in CHECKS_{name}:
        value, error = {name}_with_error(*map(float, point))
        wanted = float(expected)
        digits = sum(map(str.isdigit, expected.partition("e")[0].lstrip("-0.")))
        tolerance = 4 * error + (1e-14 + 10.0 ** (2 - digits)) * abs(wanted)
        print(f"{name}{{point}} = {{value!r}}, expected {{expected}}, tolerance {{tolerance:.1e}}")
        if not (abs(value - wanted) <= tolerance or value == wanted or (value != value and wanted != wanted)):
            raise SystemExit("self-test failed")
    print(f"{name}: {{len(CHECKS_{name})}} checks passed")
""",
    "mpmath": """\
    with mp.workdps(25):
        for point, expected in CHECKS_{name}:
            digits = sum(map(str.isdigit, expected.partition("e")[0].lstrip("-0.")))
            mp.dps = 25 if digits > 20 else 15
            value, wanted = {name}(*point), mp.mpf(expected)
            tolerance = mp.mpf(10) ** -min(20, digits - 2) * abs(wanted)
            print(f"{name}{{point}} = {{mp.nstr(value, 22)}}, expected {{expected}}, tolerance {{mp.nstr(tolerance, 2)}}")
            if not (abs(value - wanted) <= tolerance or value == wanted or (mp.isnan(value) and mp.isnan(wanted))):
                raise SystemExit("self-test failed")
    print(f"{name}: {{len(CHECKS_{name})}} checks passed")
""",
}

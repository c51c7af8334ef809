"""The house rules: small folders, short files, and a family of laws known in its own place only."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from regimes.theory import laws
from regimes.theory.model import all_models

pytestmark = pytest.mark.quick

ROOT = Path(__file__).parents[2]
LAYERS = ("theory", "numerics", "validate")
MOST_FILES = 15
MOST_LINES = 400
FACADE = ("regimes/__init__.py", "regimes/models.py")
"""Names are fetched here when they are first used, so that nothing heavy is imported before."""
AT_HOME = (*(f"{layer}/laws/" for layer in LAYERS), "theory/models/", *FACADE)
"""Where laws and their families are named."""

LAW_CLASSES: dict[str, Any] = {name: law for name, law in vars(laws).items() if isinstance(law, type) and "family" in vars(law)}
FAMILIES: set[str] = {law.family for law in LAW_CLASSES.values()}
HOMES = tuple(f"regimes.{layer}.laws.{family.replace('-', '_')}" for layer in LAYERS for family in FAMILIES)

Rule = Callable[[ast.Module], Iterator[tuple[int, str]]]


def files(top: str, *endings: str) -> list[Path]:
    """Files below a folder of the checkout, not through the symlinks."""
    walk = ((folder, name) for folder, _, names in os.walk(ROOT / top) if "__pycache__" not in folder for name in names)
    return sorted(Path(folder, name).relative_to(ROOT) for folder, name in walk if not endings or name.endswith(endings))


def crowded(found: list[Path]) -> list[str]:
    """Folders with more files than one can look over."""
    count: dict[Path, int] = {}
    for path in found:
        count[path.parent] = count.get(path.parent, 0) + 1
    return [f"{folder} has {number} files" for folder, number in sorted(count.items()) if number > MOST_FILES]


def too_long(path: str, text: str) -> list[str]:
    """The file, if it is longer than one can read in a sitting."""
    lines = len(text.splitlines())
    return [f"{path} has {lines} lines"] if lines > MOST_LINES else []


def law_classes(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Names of law classes, and of modules that belong to one family."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in LAW_CLASSES:
                yield node.lineno, name
            case ast.ImportFrom(module=str(module), names=names):
                reached = [module, *(f"{module}.{alias.name}" for alias in names)]
                yield from ((node.lineno, alias.name) for alias in names if alias.name in LAW_CLASSES)
                yield from ((node.lineno, name) for name in reached[:1] if in_a_home(name))
                yield from ((node.lineno, name) for name in reached[1:] if in_a_home(name) and not in_a_home(module))
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names if in_a_home(alias.name))
            case ast.Constant(value=str(text)) if in_a_home(text):
                yield node.lineno, text


def in_a_home(module: str) -> bool:
    """Whether a module belongs to one family."""
    return any(module == home or module.startswith((f"{home}.", f"{home}:")) for home in HOMES)


def family_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Families looked up, compared or matched by their name.

    A name of one word is also a word of the language ("product" is a kind of formula): it counts only beside a family, that is
    in a file that reads an attribute `family`, or in one collection with another family.
    """
    reads_family = any(isinstance(node, ast.Attribute) and node.attr == "family" for node in ast.walk(tree))
    for node in ast.walk(tree):
        used: list[ast.expr] = []
        match node:
            case ast.Compare(left=left, comparators=others):
                used = [e for part in (left, *others) for e in (part.elts if isinstance(part, (ast.Tuple, ast.List, ast.Set)) else [part])]
            case ast.Dict(keys=keys):
                used = [key for key in keys if key is not None]
            case ast.MatchValue(value=value):
                used = [value]
            case ast.Subscript(slice=key):
                used = [key]
            case ast.Call(func=ast.Attribute(attr="get") | ast.Name(id="answers" | "place_of"), args=arguments):
                used = arguments
            case ast.keyword(arg="family", value=value):
                used = [value]
            case (
                ast.Assign(targets=[ast.Name(id="family")], value=value)
                | ast.AnnAssign(target=ast.Name(id="family"), value=ast.expr() as value)
            ):
                used = [value]
        named = [(e.lineno, e.value) for e in used if isinstance(e, ast.Constant) and isinstance(e.value, str) and e.value in FAMILIES]
        for line, name in named:
            if "-" in name or reads_family or len(named) > 1 or asks_for_family(node):
                yield line, f"{name!r}"


def asks_for_family(node: ast.AST) -> bool:
    """Whether a constant in this place can be nothing but a family."""
    return isinstance(node, (ast.keyword, ast.Assign, ast.AnnAssign)) or (
        isinstance(node, ast.Call) and called(node) in ("answers", "place_of")
    )


def module_getattr(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Modules that invent their names."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.Assign)) and "__getattr__" in ast.unparse(node).partition("\n")[0].partition("(")[0]:
            yield node.lineno, "__getattr__"


def functions_by_string(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Attributes fetched by a string from a module that was found by a string: no type checker can follow."""
    if not any(isinstance(node, ast.Call) and called(node) == "import_module" for node in ast.walk(tree)):
        return
    for scope in ast.walk(tree):
        if not isinstance(scope, (ast.Module, ast.FunctionDef)):
            continue
        modules = {
            target.id
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and called(node.value) == "import_module"
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(scope):
            match node:
                case ast.Call(func=ast.Name(id="getattr"), args=[ast.Call() as inner, *_]) if called(inner) == "import_module":
                    yield node.lineno, ast.unparse(node)
                case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id=name), *_]) if name in modules:
                    yield node.lineno, ast.unparse(node)


def called(node: ast.Call) -> str:
    """The last word of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""


RULES: dict[str, tuple[Rule, tuple[str, ...]]] = {
    "law classes": (law_classes, AT_HOME),
    "families": (family_names, AT_HOME),
    "module __getattr__": (module_getattr, FACADE),
    "functions by string": (functions_by_string, FACADE),
}
"""Rule -> how it is found, and the files and folders for which it does not hold."""


@cache
def parsed(source: str) -> ast.Module:
    """Every file is read by every rule, and parsed once."""
    return ast.parse(source)


def breaches(rule: str, path: str, source: str) -> list[str]:
    """Lines of a file that break a rule."""
    find, exempt = RULES[rule]
    return [] if path.startswith(exempt) else [f"{path}:{line}: {what}" for line, what in sorted(set(find(parsed(source))))]


def test_the_program_has_laws_and_every_model_has_one_of_them() -> None:
    assert {model.family for model in all_models().values()} == FAMILIES


def test_no_folder_is_crowded() -> None:
    assert [line for layer in LAYERS for line in crowded(files(layer))] == []


def test_no_source_file_is_long() -> None:
    sources = [path for top in ("regimes", *LAYERS, "tests", "benchmarks", "docs") for path in files(top, ".py", ".j2", ".toml")]
    assert [line for path in sources for line in too_long(path.as_posix(), (ROOT / path).read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_holds_in_every_file(rule: str) -> None:
    sources = [path for top in ("regimes", *LAYERS) for path in files(top, ".py")]
    found = [line for path in sources for line in breaches(rule, path.as_posix(), (ROOT / path).read_text(encoding="utf-8"))]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        ("law classes", "from regimes.theory.laws import CurieWeiss\n"),
        ("law classes", "from regimes.theory import laws\nlaws.CurieWeiss(1, 0)\n"),
        ("law classes", "import regimes.numerics.laws.curie_weiss.levels\n"),
        ("law classes", "from regimes.numerics.laws.random_energy.limit import ORDER\n"),
        ("law classes", "from regimes.numerics.laws import ising_chain\n"),
        ("law classes", "PLACES = ('regimes.numerics.laws.product:levels',)\n"),
        ("families", "if law.family == 'product':\n    pass\n"),
        ("families", "if law.family in ('product', 'clusters'):\n    pass\n"),
        ("families", "match law.family:\n    case 'spectrum':\n        pass\n"),
        ("families", "TABLES = {'product': 1, 'clusters': 2}\n"),
        ("families", "TABLES = {'curie-weiss': 1}\n"),
        ("families", "levels = TABLES['ising-chain']\n"),
        ("families", "levels = TABLES.get('ising-chain')\n"),
        ("families", "levels = answers('product').levels\n"),
        ("families", "point = Point(family='product')\n"),
        ("families", "class Mine:\n    family: str = 'clusters'\n"),
        ("module __getattr__", "def __getattr__(name):\n    raise AttributeError(name)\n"),
        ("module __getattr__", "__getattr__ = table.__getitem__\n"),
        ("functions by string", "f = getattr(import_module(place), name)\n"),
        ("functions by string", "f = getattr(importlib.import_module(place), name)\n"),
        ("functions by string", "def f():\n    module = import_module(place)\n    return getattr(module, 'levels')\n"),
    ],
)
def test_a_breach_is_found(rule: str, source: str) -> None:
    assert breaches(rule, "numerics/planted.py", source)
    assert not breaches(rule, RULES[rule][1][0] + "planted.py" if rule in ("law classes", "families") else FACADE[0], source)


@pytest.mark.parametrize(
    "source",
    [
        "if node.kind == 'product':\n    pass\n",
        "print('curie-weiss')\n",
        "class Table:\n    def __getattr__(self, name):\n        return 0\n",
    ],
)
def test_what_is_no_breach_is_not_found(source: str) -> None:
    assert not any(breaches(rule, "numerics/planted.py", source) for rule in RULES)


def test_a_crowded_folder_and_a_long_file_are_found() -> None:
    assert crowded([Path("theory", f"{k}.py") for k in range(MOST_FILES + 1)]) == [f"theory has {MOST_FILES + 1} files"]
    assert crowded([Path("theory", f"{k}.py") for k in range(MOST_FILES)]) == []
    assert too_long("theory/planted.py", "\n" * (MOST_LINES + 1))
    assert not too_long("theory/planted.py", "\n" * MOST_LINES)

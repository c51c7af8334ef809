"""A derivation for readers: text, LaTeX, HTML with native MathML, Markdown, JSON. Every style walks the same steps."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.printing.latex import LatexPrinter

from regimes.theory.conventions import decay
from regimes.theory.derivations.step import Identity, Stationarity, Step
from regimes.theory.errors import MissingExtraError, UnknownNameError
from regimes.theory.symbolic.averages import LargestRoot
from regimes.theory.symbolic.functions import LogCosh, LogErfcx, Logistic, LogRatioGap, RelativeEntropyTerm, Softplus

if TYPE_CHECKING:
    from regimes.theory.derivations.derivation import Derivation

_LONG = 500  # characters of LaTeX from which the two sides stand on lines of their own

STYLES = ("text", "latex", "html", "markdown", "json")

_CHECKED = {
    "definition": "definition",
    "identity": "checked numerically",
    "limit": "checked along a sequence",
    "stationarity": "gradient, curvature and number of roots checked",
    "conjecture": "compared with simulation",
}


class _Printer(LatexPrinter):  # type: ignore[misc]
    """LaTeX with the field's symbols for the functions of this project."""

    def _print_Pow(self, expr: Any, **kwargs: Any) -> str:
        base, power = expr.as_base_exp()
        if base == decay and power.is_number:
            return f"e^{{{self._print(-power * sp.Symbol('t'))}}}"
        return str(super()._print_Pow(expr, **kwargs))

    def _named(self, name: str, expr: Any, exp: Any = None) -> str:
        text = rf"{name}\left({self._print(expr.args[0])}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"

    def _print_LogCosh(self, expr: Any, exp: Any = None) -> str:
        return self._named(r"\log\cosh", expr, exp)

    def _print_Softplus(self, expr: Any, exp: Any = None) -> str:
        return self._named(r"\operatorname{softplus}", expr, exp)

    def _print_RelativeEntropyTerm(self, expr: Any, exp: Any = None) -> str:
        return self._named(r"\xi", expr, exp)

    def _print_LogRatioGap(self, expr: Any, exp: Any = None) -> str:
        return self._named(r"\chi", expr, exp)

    def _print_LogErfcx(self, expr: Any, exp: Any = None) -> str:
        return self._named(r"\log\operatorname{erfcx}", expr, exp)

    def _print_PlainErfc(self, expr: Any, exp: Any = None) -> str:
        return self._named(r"\operatorname{erfc}", expr, exp)

    def _print_Logistic(self, expr: Any, exp: Any = None) -> str:
        return self._named(r"\varsigma", expr, exp)

    def _print_expm1(self, expr: Any, exp: Any = None) -> str:
        text = rf"\left(e^{{{self._print(expr.args[0])}}} - 1\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"

    def _print_Subs(self, expr: Any) -> str:
        at = ",".join(f"{self._print(v)}={self._print(p)}" for v, p in zip(expr.variables, expr.point, strict=True))
        return rf"\left.{self._print(expr.expr)}\right|_{{{at}}}"


NOTATION: dict[Any, str] = {
    LogRatioGap: r"\chi(u) = \log(1+u) - \frac{u}{1+u}",
    RelativeEntropyTerm: r"\xi(u) = (1+u)\log(1+u) - u",
    LogErfcx: r"\operatorname{erfcx}(u) = e^{u^2}\operatorname{erfc}(u)",
    Logistic: r"\varsigma(u) = \frac{1}{1 + e^{-u}}",
    LogCosh: "",
    Softplus: "",
}


def latex(expr: Any, derivation: Derivation) -> str:
    """LaTeX of an expression with the derivation's symbols."""
    return str(_Printer({"symbol_names": dict(derivation.latex_names), "mul_symbol": r"\,", "ln_notation": False}).doprint(expr))


def equation(step: Step, derivation: Derivation) -> str:
    """LaTeX of a step's statement."""
    return r"\qquad ".join(_lines(step, derivation))


def _lines(step: Step, derivation: Derivation) -> list[str]:
    left, right = latex(step.left, derivation), latex(step.right, derivation)
    if step.kind == "definition" and isinstance(step.left, sp.Symbol) and step.left not in derivation.latex_names:
        left = _plain_name(step.left.name)
    if step.kind == "conjecture":
        left = rf"\text{{{step.name.replace('_', ' ')}}}"
    if step.kind == "limit":
        return [rf"{left} \simeq {right}"]
    if isinstance(step.details, Stationarity):
        objective = latex(step.details.objective, derivation)
        return [rf"{left}^* = {right}", rf"\text{{extremises }} {objective}"]
    sides = [rf"{left} = {right}"] if len(left) + len(right) < _LONG else [left, rf"= {right}"]
    return sides if step.value == step.right else [*sides, rf"\text{{so }} {_unknown(step, derivation)} = {latex(step.value, derivation)}"]


def _unknown(step: Step, derivation: Derivation) -> str:
    variable = step.details.variable if isinstance(step.details, Identity) else None
    return latex(variable, derivation) if variable is not None else rf"\text{{{step.name.replace('_', ' ')}}}"


def _plain_name(name: str) -> str:
    """Names of defined quantities are formulas in plain spelling, such as ``P_t(y)`` or ``psi_ann``."""
    spelling = {
        "psi_ann": r"\psi_{\mathrm{ann}}",
        "psi(m)": r"\psi(m)",
        "psi": r"\psi",
        "f(eps)": r"f(\varepsilon)",
        "phi": r"\varphi(t)",
        "kappa_c": r"\kappa_c",
        "noise": r"\text{noise amplitude}",
        "-dq/dt": r"-\frac{dq}{dt}",
        "g_other": r"g_{\mathrm{other}}",
        "I(class;x_t)": r"I(\text{class}; x_t)",
        "p(x|a)": "p(x|a)",
        "D^2": "D^2",
        "Lambda": r"\Lambda",
        "M(lambda)": r"M(\lambda)",
        "chi": r"\chi(x;\lambda)",
        "eps": r"\varepsilon",
        "g_0": r"g^{\circ}",
        "mmse": r"\operatorname{mmse}",
        "rho": r"\varrho",
    }
    if name in spelling or name.count("_") == 0 or name.index("_") < 3:
        return spelling.get(name, name)
    return rf"\text{{{name.replace('_', ' ')}}}"


def render(derivation: Derivation, style: str, *, fragment: bool = False) -> str:
    """The derivation in one of the styles; `fragment` leaves out the document around it."""
    makers: dict[str, Callable[[Derivation, bool], str]] = {
        "text": _text,
        "latex": _latex,
        "html": _html,
        "markdown": _markdown,
        "json": _json,
    }
    if style not in makers:
        raise UnknownNameError("format", style, STYLES)
    return makers[style](derivation, fragment)


def notebook(derivation: Derivation) -> str:
    """What a notebook shows: the statements, one below the other."""
    rows = [rf"&\text{{{_tex_text(s.title)}}} \\ &\quad {equation(s, derivation)} \\" for s in derivation]
    return "$$\\begin{aligned}\n" + "\n".join(rows) + "\n\\end{aligned}$$"


def _verdict(step: Step) -> str:
    if step.outcome is None:
        return "not checked yet"
    return step.outcome.witness if step.outcome.ok else f"FAILED: {step.outcome.message}"


def _text(derivation: Derivation, fragment: bool) -> str:
    lines = [] if fragment else [derivation.title, "=" * len(derivation.title), ""]
    for number, step in enumerate(derivation, 1):
        sign = "~" if step.kind == "limit" else "="
        lines += [f"{number}. {step.title}  [{step.name}]", f"   {step.left} {sign} {step.right}"]
        if step.value != step.right:
            lines.append(f"   gives {step.value}")
        lines += [f"   {step.kind}, by: {step.rule}; {_verdict(step)}", ""]
    return "\n".join(lines)


def _notes(derivation: Derivation) -> list[str]:
    """Definitions of the special functions that occur."""
    sides = [sp.sympify(side, strict=True) for step in derivation for side in (step.left, step.right, step.value)]
    used = {type(f) for side in sides for f in side.atoms(sp.Function)}
    return [NOTATION[f] for f in NOTATION if f in used and NOTATION[f]]


ROOT_NOTE = (
    r"$\operatorname{root}_{x\in(a,b)}[f=0]$ is the largest $x$ in $(a,b)$ with $f(x)\ge 0$ for decreasing $f$ "
    r"($b$ if $f$ stays positive)."
)


def _tex_text(text: str) -> str:
    special = {
        "&": r"\&",
        "%": r"\%",
        "_": r"\_",
        "#": r"\#",
        "^": r"\^{}",
        "{": r"\{",
        "}": r"\}",
        "<": r"$<$",
        ">": r"$>$",
        "|": r"$|$",
        "~": r"\~{}",
    }
    return "".join(special.get(ch, ch) for ch in text)


def _latex(derivation: Derivation, fragment: bool) -> str:
    body = []
    notes = _notes(derivation)
    if notes:
        body.append("Notation: " + "; ".join(f"${n}$" for n in notes) + ".")
    if any(sp.sympify(s.value, strict=True).atoms(LargestRoot) for s in derivation):
        body.append(ROOT_NOTE)
    for step in derivation:
        reference = f" Source: {_tex_text(step.reference)}." if step.reference else ""
        body.append(
            rf"\paragraph{{{_tex_text(step.title)}}} (\texttt{{{_tex_text(step.name)}}}; {step.kind}; {_tex_text(step.rule)}; "
            rf"{_tex_text(_verdict(step))}.){reference}"
        )
        # A formula wider than the page is scaled down rather than left to run into the margin.
        body += [rf"\[\adjustbox{{max width=\linewidth}}{{$\displaystyle {line}$}}\]" for line in _lines(step, derivation)]
    text = "\n\n".join(body) + "\n"
    if fragment:
        return text
    return (
        "\\documentclass[a4paper,11pt]{article}\n\\usepackage[margin=2cm]{geometry}\n\\usepackage{amsmath,amssymb}\n\\usepackage{adjustbox}\n"
        "\\sloppy\n\\begin{document}\n"
        f"\\section*{{{_tex_text(derivation.title)}}}\n\n{text}\n\\end{{document}}\n"
    )


def _markdown(derivation: Derivation, fragment: bool) -> str:
    lines = [] if fragment else [f"# {derivation.title}", ""]
    lines += [f"Notation: ${n}$." for n in _notes(derivation)]
    for number, step in enumerate(derivation, 1):
        lines += [
            f"{number}. **{step.title}** (`{step.name}`, {step.kind}, {step.rule}; {_verdict(step)})",
            "",
            f"   $${equation(step, derivation)}$$",
            "",
        ]
    return "\n".join(lines)


def _html(derivation: Derivation, fragment: bool) -> str:
    try:
        from latex2mathml.converter import convert
    except ImportError as error:
        raise MissingExtraError("HTML needs latex2mathml: pip install latex2mathml") from error
    rows = [f"<p class='note'>Notation: {convert(n)}</p>" for n in _notes(derivation)]
    for number, step in enumerate(derivation, 1):
        state = "unchecked" if step.outcome is None else "ok" if step.outcome.ok else "failed"
        formula = "".join(convert(line, display="block") for line in _lines(step, derivation))
        check = " &middot; ".join(map(html.escape, (step.kind, step.rule, _verdict(step))))
        rows.append(
            f"<li id='{derivation.kind}-{step.name}' class='step {state}'>"
            f"<p><b>{number}. {html.escape(step.title)}</b> <code>{step.name}</code></p>"
            f"<div class='formula'>{formula}</div><p class='check'>{check}</p></li>"
        )
    body = f"<section class='derivation'><h2>{html.escape(derivation.title)}</h2><ul>{''.join(rows)}</ul></section>"
    if fragment:
        return body
    style = (
        "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}ul{list-style:none;padding:0}"
        ".formula{overflow-x:auto;overflow-y:hidden;padding:.4rem 0}.check{color:#555;font-size:.85em}.failed{background:#fdd}"
    )
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{html.escape(derivation.title)}</title>"
        f"<style>{style}</style></head><body>{body}</body></html>\n"
    )


def _json(derivation: Derivation, fragment: bool) -> str:
    del fragment
    steps = [
        {
            "name": s.name,
            "title": s.title,
            "kind": s.kind,
            "rule": s.rule,
            "latex": equation(s, derivation),
            "value": str(s.value),
            "left": str(s.left),
            "right": str(s.right),
            "reference": s.reference,
            "check": None
            if s.outcome is None
            else {"ok": s.outcome.ok, "witness": s.outcome.witness, "error": s.outcome.error, "message": s.outcome.message},
        }
        for s in derivation
    ]
    return json.dumps({"model": derivation.model, "kind": derivation.kind, "title": derivation.title, "steps": steps}, indent=1)

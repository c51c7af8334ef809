"""Derivations as readers see them."""

from __future__ import annotations

import json

import pytest

from regimes.theory.derive import derive


@pytest.mark.slow
@pytest.mark.parametrize("name", ["product-laplace", "curie-weiss", "ising-chain", "spectrum-marchenko-pastur"])
def test_objects_render_in_the_field_s_notation(name: str) -> None:
    proof = derive(name, "collapse")
    steps = json.loads(proof.render("json"))["steps"]
    assert len(steps) == len(proof.steps)
    latex = proof.render("latex", fragment=True)
    assert "Scalar" not in latex and "Lyapunov" not in latex.replace("lyapunov", "") and "Piecewise" not in latex
    assert ("\\mathbb{E}_{a}" in latex) == (name == "product-laplace")
    assert proof.render("html", fragment=True).count("<math") >= len(proof.steps)


@pytest.mark.slow
def test_every_style_renders_every_step() -> None:
    proof = derive("gaussian-mixture", "speciation").verify()
    for style in ("text", "latex", "html", "markdown"):
        text = proof.render(style)
        assert text.count("cloning") >= 3
    steps = json.loads(proof.render("json"))["steps"]
    assert [s["name"] for s in steps] == [s.name for s in proof]
    assert all(s["check"]["ok"] for s in steps)

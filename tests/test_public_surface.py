"""Public names of badbuzz: ``python -m tests.test_public_surface`` rewrites the list."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

from tests.support.servers import ROOT

SURFACE: Final = Path(__file__).with_suffix(".txt")
MODULES: Final = ("model", "wire", "errors")
"""Public modules outside of the packages."""


def listed(package: Path) -> list[str]:
    """Return the modules that the ``__all__`` of a package's ``__init__.py`` names."""
    for node in ast.parse((package / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    raise AssertionError(f"{package.name}/__init__.py has no __all__")


def public_names(path: Path) -> list[str]:
    """Return the names that a module defines without an underscore, sorted."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return sorted(name for name in names if not name.startswith("_"))


def surface() -> str:
    """Return one line per public module, or per package with names of its own."""
    root = ROOT / "badbuzz"
    lines = [f"{name}: {' '.join(public_names(root / f'{name}.py'))}" for name in MODULES]
    for package in sorted(path.parent for path in root.glob("*/__init__.py")):
        modules = [name for name in sorted(listed(package)) if (package / f"{name}.py").is_file()]
        own = sorted(set(listed(package)) - set(modules))
        lines += [f"{package.name}: {' '.join(own)}"] if own else []
        lines += [
            f"{package.name}.{name}: {' '.join(public_names(package / f'{name}.py'))}"
            for name in modules
        ]
    return "".join(f"{line}\n" for line in lines)


def test_badbuzz_has_the_public_names_that_are_listed() -> None:
    expected = SURFACE.read_text(encoding="utf-8").splitlines()
    assert surface().splitlines() == expected, "intended? then: python -m tests.test_public_surface"


if __name__ == "__main__":
    SURFACE.write_text(surface(), encoding="utf-8")

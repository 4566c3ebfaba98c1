"""Public names of the pure packages: ``python -m tests.test_public_surface`` rewrites the list."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import Final

SURFACE: Final = Path(__file__).with_suffix(".txt")
PURE: Final = ("detection", "evidence", "features", "messages", "quality")


def public_modules() -> list[Path]:
    """Return the modules that a pure package's ``__all__`` names; all of them if it has none."""
    found = []
    for package in PURE:
        imported = import_module(f"badbuzz.{package}")
        folder = Path(imported.__path__[0])
        listed = getattr(imported, "__all__", None) or [path.stem for path in folder.glob("*.py")]
        found += [folder / f"{name}.py" for name in sorted(listed) if name != "__init__"]
    return found


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
    """Return one line per public module: its name and its public names."""
    return "".join(
        f"{path.parent.name}.{path.stem}: {' '.join(public_names(path))}\n"
        for path in public_modules()
    )


def test_the_pure_packages_have_the_public_names_that_are_listed() -> None:
    listed = SURFACE.read_text(encoding="utf-8").splitlines()
    assert surface().splitlines() == listed, "intended? then: python -m tests.test_public_surface"


if __name__ == "__main__":
    SURFACE.write_text(surface(), encoding="utf-8")

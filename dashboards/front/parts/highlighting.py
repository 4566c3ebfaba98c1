"""Highlight the contributions of words in HTML, by sign and word as well as by colour."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from badbuzz.messages.translator import Translator
from dashboards.front.parts.theme import GREEN, GREEN_SHADE, QUIET_INK, RED, RED_SHADE
from dashboards.responses import TokenContribution

LEAST: Final = 0.1
"""Least contribution to the logit that is highlighted."""
_FULL: Final = 100.0
STYLE: Final = f"""<style>
.bb-text {{ font-size: 1.25rem; line-height: 2; overflow-wrap: anywhere; margin: 0; }}
.bb-text mark {{ padding: .15em .3em; border-radius: 4px; color: inherit; }}
.bb-text mark.up {{ background: {RED_SHADE}; border-bottom: 3px solid {RED}; }}
.bb-text mark.down {{ background: {GREEN_SHADE}; border-bottom: 3px dotted {GREEN}; }}
.bb-text sup {{ font-weight: 700; }}
.pulls {{ border-collapse: collapse; width: 100%; }}
.pulls th, .pulls td {{ padding: .3rem .5rem .3rem 0; text-align: left; font-weight: 400; }}
.pulls thead th {{ color: {QUIET_INK}; font-size: .875rem; }}
.pulls .number {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
.pulls tbody th {{ overflow-wrap: anywhere; font-weight: 600; }}
.pulls .bars {{ width: 45%; }}
@media (max-width: 640px) {{ .pulls .bars {{ width: 28%; }} }}
.pulls .bar {{ height: .8rem; border-radius: 3px; min-width: 2px; }}
.pulls .up {{ background: {RED}; }}
.pulls .down {{ background: repeating-linear-gradient(135deg, {GREEN} 0 4px, #9cc7ac 4px 7px); }}
</style>"""
"""Style sheet of the HTML of this module."""


def highlighted(text: str, parts: Iterable[TokenContribution]) -> str:
    """Return a text in which each contributing word has a sign.

    Examples
    --------
    >>> parts = [TokenContribution("Lost", 0, 4, 1.7), TokenContribution("nice", 8, 12, -0.8)]
    >>> highlighted("Lost a <nice> bag", parts).partition(" a ")[2]
    '&lt;<mark class="down">nice<sup>−</sup></mark>&gt; bag</p>'
    """
    pieces, at = ['<p class="bb-text">'], 0
    for part in sorted(parts, key=lambda one: one.start):
        if abs(part.contribution) < LEAST or part.start < at:
            continue
        kind, sign = _kind(part)
        word = escape(text[part.start : part.end])
        pieces += [
            escape(text[at : part.start]),
            f'<mark class="{kind}">{word}<sup>{sign}</sup></mark>',
        ]
        at = part.end
    return "".join([*pieces, escape(text[at:]), "</p>"])


def pulls(parts: Iterable[TokenContribution], t: Translator) -> str:
    """Return a table of the contributing words, the strongest first, with bars."""
    strong = [one for one in parts if abs(one.contribution) >= LEAST]
    strong.sort(key=lambda one: -abs(one.contribution))
    most = max((abs(one.contribution) for one in strong), default=1.0)
    heads = "".join(
        f'<th scope="col"{place}>{escape(t(key))}</th>'
        for key, place in (
            ("try_word", ""),
            ("try_pulls_to", ""),
            ("try_by", ' class="number"'),
        )
    )
    rows = "".join(_row(one, most, t) for one in strong)
    return (
        f'<table class="pulls"><thead><tr>{heads}<td class="bars"></td></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _row(part: TokenContribution, most: float, t: Translator) -> str:
    kind, sign = _kind(part)
    direction = t("negative" if kind == "up" else "not_negative")
    width = _FULL * abs(part.contribution) / most
    number = t.number(abs(part.contribution), 2)
    return (
        f'<tr><th scope="row">{escape(part.token)}</th><td>{escape(direction)}</td>'
        f'<td class="number">{sign}{number}</td>'
        f'<td class="bars"><div class="bar {kind}" style="width: {width:.0f}%"></div></td></tr>'
    )


def _kind(part: TokenContribution) -> tuple[str, str]:
    return ("up", "+") if part.contribution > 0 else ("down", "−")

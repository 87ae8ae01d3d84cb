"""Strips what scripts leave around an answer: PHP's remarks, a call for JSONP, a fence of Markdown.

Only wrappings of a well-known form are removed. A text of no known form is not searched.
Reading takes time linear in the text.
"""

from __future__ import annotations

import html
import re
from typing import Final

_LEVEL = r"(?:Warning|Notice|Deprecated|Strict Standards)"
_REMARK = re.compile(
    rf"(?:PHP {_LEVEL}:[^\n]{{1,2000}} on line \d+\n\s*)?"
    rf"(?:<br />\s*<b>{_LEVEL}</b>:[^\n]{{1,2000}} on line <b>\d+</b><br />"
    rf"|{_LEVEL}: [^\n]{{1,2000}} on line \d+(?=\s|$))\s*"
)
"""A remark of PHP with `display_errors` on, as HTML or as text. A fatal error ends the script: it stays."""
_ALWAYS: Final = " on line "
_MAX_REMARKS: Final = 20
_LAST_REMARK = re.compile(rf"(?:<br />\s*<b>{_LEVEL}</b>:|(?<=\n){_LEVEL}: )")

_CALL = re.compile(r"(?:/\*\*/)?\s*[\w$.]*\((?P<inner>[\[{].*[\]}])\s*\)\s*;?", re.DOTALL)
_ASSIGNED = re.compile(
    r"(?:return|export default|(?:(?:var|let|const)\s+)?[A-Za-z_$][\w$.]*\s*=)\s*(?P<inner>[\[{].*)",
    re.DOTALL,
)
_FENCE = re.compile(r"(?:```|~~~)\w*[ \t]*\r?\n(?P<inner>.*?)\r?\n(?:```|~~~)", re.DOTALL)
_FORMS = (
    (
        re.compile(
            r"(?:\)\]\}',?|for\s*\(;;\);|while\s*\(1\);|\{\}\s*&&)\s*(?P<inner>[\[{].*)", re.DOTALL
        ),
        "a prefix against scripts",
    ),
    (
        re.compile(r"(?:(?:event|id|retry):[^\n]*\n)*data:\s*(?P<inner>[\[{][^\n]*)", re.DOTALL),
        "an event stream",
    ),
    (re.compile(r"(?P<inner>\{\s*\{[^{}]*:.*\}\s*\})", re.DOTALL), "doubled braces"),
    (
        re.compile(r"(?:[A-Za-z][\w-]*:[^\n]*\n){1,50}\r?\n(?P<inner>[\[{].*)", re.DOTALL),
        "header lines",
    ),
    (re.compile(r"-?[01]\s*(?P<inner>[\[{].*)", re.DOTALL), "a number before it"),
    (
        re.compile(r"(?:<[^<>]*>\s*){1,20}(?P<inner>[\[{][^<]*)(?:<[^<>]*>\s*){0,20}", re.DOTALL),
        "markup",
    ),
)
"""Wrappings that scripts and frameworks put around JSON."""
_ESCAPED = re.compile(r'[\[{]\s*(?:\{\s*)?\\"')
_FOR_HTML = re.compile(r"[\[{]\s*(?:\{\s*)?&(?:quot|#0?34|#0?39|#x2[27]);", re.IGNORECASE)


def without_remarks(text: str) -> tuple[str, tuple[str, ...]]:
    """Return an answer without PHP's remarks before and behind it, and a notice where there were some."""
    if _ALWAYS not in text:
        return text, ()
    left = text
    for _ in range(_MAX_REMARKS):
        found = _REMARK.match(left)
        if found is None:
            break
        left = left[found.end() :]
    behind = _LAST_REMARK.search(left)
    if behind and left[: behind.start()].strip():
        rest = left[behind.start() :]
        for _ in range(_MAX_REMARKS):
            found = _REMARK.match(rest)
            if found is None:
                break
            rest = rest[found.end() :]
        left = left if rest else left[: behind.start()].rstrip()
    if left == text or not left:
        return text, ()
    return left, ("remarks of PHP around the answer were left out; switch display_errors off",)


def json_within(text: str) -> tuple[str, str]:
    """Return the JSON that a text wraps, and the name of the wrapping; both empty without one."""
    for pattern, what in ((_CALL, "a JavaScript call"), (_FENCE, "a fence of Markdown")):
        if found := pattern.fullmatch(text):
            return found["inner"], what
    if found := _ASSIGNED.match(text):
        return found["inner"], "a JavaScript statement"
    if _ESCAPED.match(text):
        return text.replace(r"\"", '"'), "backslashes before its quotes"
    if _FOR_HTML.match(text):
        return html.unescape(text), "character references of HTML"
    for pattern, what in _FORMS:
        if found := pattern.fullmatch(text):
            inner = found["inner"].strip()
            return inner[1:-1] if what == "doubled braces" else inner, what
    return "", ""

"""Mathematics in LaTeX, as one reads it aloud: "$E = mc^2$" → "E equals m c squared"."""

from __future__ import annotations

import re

from assistant.language.normalisation import Rule, rewrite
from assistant.language.normalisation.characters import GREEK_NAMES
from assistant.language.numbers import fraction, ordinal

_GREEK = frozenset(GREEK_NAMES.values())
_WORDS = dict.fromkeys(_GREEK) | {
    "varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "varrho": "rho",
    "times": "times", "cdot": "times", "ast": "times", "div": "divided by", "pm": "plus or minus",
    "mp": "minus or plus", "le": "is less than or equal to", "leq": "is less than or equal to",
    "ge": "is greater than or equal to", "geq": "is greater than or equal to", "lt": "is less than",
    "gt": "is greater than", "ll": "is much less than", "gg": "is much greater than",
    "ne": "is not equal to", "neq": "is not equal to", "approx": "is about", "sim": "is about",
    "simeq": "is about", "equiv": "is identical to", "cong": "is congruent to",
    "propto": "is proportional to", "infty": "infinity", "sum": "the sum", "prod": "the product",
    "int": "the integral", "iint": "the double integral", "oint": "the contour integral",
    "partial": "partial", "nabla": "nabla", "to": "to", "rightarrow": "to", "Rightarrow": "implies",
    "implies": "implies", "iff": "if and only if", "leftrightarrow": "if and only if",
    "Leftrightarrow": "if and only if", "mapsto": "maps to", "in": "in", "notin": "not in",
    "subset": "is a subset of", "subseteq": "is a subset of", "cup": "union", "cap": "intersection",
    "emptyset": "the empty set", "varnothing": "the empty set", "forall": "for all",
    "exists": "there is", "land": "and", "wedge": "and", "lor": "or", "vee": "or", "lnot": "not",
    "neg": "not", "therefore": "therefore", "because": "because", "ldots": "and so on",
    "cdots": "and so on", "dots": "and so on", "circ": "degrees", "degree": "degrees",
    "prime": "prime", "hbar": "h bar", "ell": "l", "Re": "the real part of",
    "Im": "the imaginary part of", "lim": "the limit", "log": "log", "ln": "the natural log of",
    "exp": "exp", "sin": "sine", "cos": "cosine", "tan": "tangent", "cot": "cotangent",
    "sec": "secant", "csc": "cosecant", "arcsin": "arc sine", "arccos": "arc cosine",
    "arctan": "arc tangent", "sinh": "hyperbolic sine", "cosh": "hyperbolic cosine",
    "tanh": "hyperbolic tangent", "max": "the maximum", "min": "the minimum", "det": "determinant",
    "gcd": "the greatest common divisor", "mod": "modulo", "bmod": "modulo", "pmod": "modulo",
    "angle": "angle", "perp": "is perpendicular to", "parallel": "is parallel to", "mid": "given",
    "langle": "", "rangle": "", "lfloor": "the floor of", "rfloor": "", "lceil": "the ceiling of",
    "rceil": "", "left": "", "right": "", "big": "", "Big": "", "bigg": "", "Bigg": "",
    "displaystyle": "", "limits": "", "nolimits": "", "quad": ",", "qquad": ",", "begin": "",
    "end": "", "label": "", "nonumber": "",
}  # fmt: skip
_TEXT = ("text", "textbf", "textit", "textrm", "mathrm", "mathbf", "mathit", "mathcal", "mathbb",
         "operatorname", "mbox", "emph", "boxed", "mathsf", "underline")  # fmt: skip
_ACCENTS = {"vec": "vector {}", "hat": "{} hat", "bar": "{} bar", "overline": "{} bar",
            "tilde": "{} tilde", "dot": "{} dot", "ddot": "{} double dot"}  # fmt: skip
_OPERATORS = {"=": "equals", "+": "plus", "-": "minus", "−": "minus", "*": "times", "/": "over",
              "<": "is less than", ">": "is greater than", "!": "factorial", "|": "",
              "'": "prime", "&": "", "~": ""}  # fmt: skip
_TOKEN = re.compile(r"\\[a-zA-Z]+\*?|\\.|\d+(?:[.,]\d+)*|[a-zA-Z]|[ \t\n]+|.", re.DOTALL)
_POWERS = {"2": "squared", "3": "cubed", "circ": "degrees", "degrees": "degrees", "T": "transpose",
           "prime": "prime", "minus 1": "to the power of minus 1"}  # fmt: skip
_BLANK = "\x1f"
"""Stands for a blank that is not skipped."""
_DEEPEST = 12
"""Groups in groups that are followed; deeper ones are read as they come."""


class _Reader:
    """A recursive descent through the tokens of one formula."""

    def __init__(self, formula: str) -> None:
        self._tokens: list[str] = [
            t for t in _TOKEN.findall(formula) if t == _BLANK or not t.isspace()
        ]
        self._at = 0

    def read(self, until: str = "", depth: int = 0) -> str:
        """Words up to the token `until`, which is taken too."""
        words: list[str] = []
        while self._at < len(self._tokens):
            token = self._next()
            if token == until:
                break
            self._add(words, token, depth)
        return " ".join(word for word in words if word)

    def _add(self, words: list[str], token: str, depth: int) -> None:
        if token == "^":
            words.append(_power(self._argument(depth)))
        elif token == "_":
            words.append(self._index(words, depth))
        elif token == "{":
            words.append(self.read("}", depth + 1) if depth < _DEEPEST else "")
        elif token.startswith("\\"):
            words.append(self._command(token[1:].rstrip("*"), depth))
        elif token not in "}":
            words.append(_OPERATORS.get(token, token))

    def _next(self) -> str:
        token: str = self._tokens[self._at]
        self._at += 1
        return token

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _argument(self, depth: int) -> str:
        """A group in braces, or the next token alone."""
        words: list[str] = []
        if self._peek() and self._peek() not in "}^_" and depth < _DEEPEST:
            self._add(words, self._next(), depth + 1)
        return " ".join(words)

    def _index(self, words: list[str], depth: int) -> str:
        below = self._argument(depth)
        bounded = bool(words) and words[-1].startswith(("the sum", "the product", "the integral"))
        if bounded and self._peek() == "^":
            self._next()
            return f"from {below} to {self._argument(depth)} of"
        if words and words[-1] == "the limit":
            return f"as {below.replace(' to ', ' goes to ')} of"
        if bounded:
            return f"over {below} of"
        return f"base {below}" if words and words[-1] == "log" else f"sub {below}"

    def _command(self, name: str, depth: int) -> str:
        if name in ("frac", "dfrac", "tfrac", "cfrac"):
            return _over(self._argument(depth), self._argument(depth))
        if name in ("binom", "dbinom"):
            return f"{self._argument(depth)} choose {self._argument(depth)}"
        if name == "sqrt":
            return self._root(depth)
        if name in _ACCENTS:
            return _ACCENTS[name].format(self._argument(depth))
        if name in _TEXT:
            return self._text()
        if name in ("begin", "end", "label"):
            self._text()
            return ""
        if name.lower() in _GREEK:
            return name.lower()
        if not name[:1].isalpha():
            return {"%": "percent", "$": "dollars", "&": "and", "\\": ","}.get(name, "")
        return _WORDS.get(name, name) or ""

    def _root(self, depth: int) -> str:
        degree = "square"
        if self._peek() == "[":
            self._next()
            degree = self.read("]", depth + 1)
            known = {"2": "square", "3": "cube"}
            spelled = (
                ordinal(int(degree)) if degree.isdecimal() and len(degree) < 7 else f"{degree}th"
            )
            degree = known.get(degree, spelled)
        return f"the {degree} root of {self._argument(depth)}"

    def _text(self) -> str:
        """A group as it is written, its letters not taken apart."""
        if self._peek() != "{":
            return ""
        self._next()
        pieces = []
        while self._peek() and self._peek() != "}":
            pieces.append(self._next())
        if self._peek():
            self._next()
        return "".join(pieces).replace(_BLANK, " ")


def _over(top: str, bottom: str) -> str:
    if top.isdecimal() and bottom.isdecimal() and len(top) < 7 and len(bottom) < 7:
        return fraction(int(top), int(bottom))
    return f"{top} over {bottom}"


def _power(exponent: str) -> str:
    return _POWERS.get(exponent, f"to the power of {exponent}")


def spoken_formula(formula: str) -> str:
    """Words for one formula without its marks; its numbers are left as they are."""
    formula = re.sub(r"(?<![a-zA-Z\\])([fghFGP])\(", r"\1 \\mathrm{of} (", formula)
    words = " ".join(_Reader(_spaced_text(formula)).read().split())
    return re.sub(r"\bof \( (\w{1,20}) \)", r"of \1", words).replace(" ,", ",")


def _spaced_text(formula: str) -> str:
    """Blanks inside \\text{…} matter; elsewhere they do not."""
    return re.sub(
        r"\\(?:text|mbox|operatorname|textbf|textit|textrm|mathrm)\{[^{}]{0,200}\}",
        lambda match: match[0].replace(" ", _BLANK),
        formula,
    )


def _whole(match: re.Match[str]) -> str:
    return f" {spoken_formula(match['body'])} "


_PART = r"(?:\[[^\[\]{}]{0,60}\])?(?:\{(?:[^{}]|\{(?:[^{}]|\{[^{}]{0,80}\}){0,80}\}){0,200}\}){0,2}"
_SCRIPT = r"(?:[_^](?:\{[^{}]{0,80}\}|\\[a-zA-Z]{1,12}|-?\w))"
_NAMES = "|".join(sorted([*_WORDS, *_ACCENTS, *_TEXT, "frac", "dfrac", "tfrac", "binom", "sqrt"],
                         key=len, reverse=True))  # fmt: skip
_BODY = r"(?P<body>[^$\n]{1,500}?)"

RULES: list[Rule] = [
    (re.compile(r"\$\$(?P<body>[^$]{1,1000})\$\$"), _whole),
    (re.compile(r"\\\[(?P<body>(?:[^\\]|\\(?!\])){1,1000})\\\]"), _whole),
    (re.compile(r"\\\((?P<body>(?:[^\\\n]|\\(?!\))){1,1000})\\\)"), _whole),
    (
        re.compile(
            rf"(?<![\w\\$])\$(?=[^\s$])(?=[^$\n]{{0,500}}[\\^_=+*/<>]|\(?[a-zA-Z]"
            rf"(?:\([a-zA-Z]\))?\$)"
            rf"(?![\d.,]+[^\d.,=+*/^<>\\$]{{0,3}}[a-z ]{{3}}){_BODY}(?<=[^\s\\])\$(?![\d\w])"
        ),
        _whole,
    ),
    (
        re.compile(rf"(?P<body>(?:\\(?:{_NAMES})(?![a-zA-Z]){_PART}{_SCRIPT}{{0,2}}[ ]?){{1,20}})"),
        _whole,
    ),
]


def without_latex(text: str) -> str:
    if "\\" not in text and "$" not in text:
        return text
    return rewrite(text, RULES)

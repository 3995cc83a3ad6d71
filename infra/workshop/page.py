"""A workshop page as a program sees it: headings, blocks of commands, what they show, snippets.

The Markdown is what a reader sees; how a block is typed and how its output is compared stands in
HTML comments just before it, which no renderer shows:

    <!-- block: terminal=2 inside=NAME fails background limit=SECONDS -->   before ```bash
    <!-- block: skip reason="WHY" -->
    <!-- output: exact -->  <!-- output: pattern -->  <!-- output: volatile="REGEX" -->
    <!-- output: terminal=2 -->           before ```text: what that terminal has shown since
    <!-- output: none reason="WHY" -->    before ```text that shows no output
    <!-- snippet: PATH#REGION -->         before any other language but mermaid
    <!-- keys: terminal=2 C-c -->         a key, pressed here
    <!-- check -->                        `step check` finds nothing missing here

Whatever is not of this shape is an error, so that no block is left out by a slip of the pen.
"""

import re
import shlex
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt

# Which words may stand in which comment; a word that takes a value is True.
WORDS = {
    "block": {"terminal": True, "inside": True, "fails": False, "background": False,
              "skip": False, "reason": True, "limit": True},
    "output": {"exact": False, "pattern": False, "volatile": True, "terminal": True,
               "none": False, "reason": True},
    "keys": {"terminal": True, "C-c": False, "C-d": False},
    "check": {},
}
LANGUAGE_OF = {"block": lambda lang: lang == "bash",
               "output": lambda lang: lang == "text",
               "snippet": lambda lang: lang not in ("bash", "text", "mermaid")}


class PageError(Exception):
    """The page is not of the shape above; says where."""


@dataclass
class Heading:
    line: int
    level: int
    text: str

    @property
    def step(self):
        """The n of `### STEP n`, or None."""
        found = re.match(r"STEP (\d+)\b", self.text)
        return int(found[1]) if found and self.level == 3 else None


@dataclass
class Block:
    line: int
    lang: str
    text: str
    said: dict = field(default_factory=dict)
    snippet: str = ""
    output: "Block" = None  # of a bash block: the text block that shows what it prints

    @property
    def terminal(self):
        return self.said.get("terminal", ["1"])[-1]

    @property
    def inside(self):
        return self.said.get("inside", [""])[-1]

    @property
    def skipped(self):
        return "skip" in self.said


@dataclass
class Comment:
    """A comment that stands for itself: keys or check."""
    line: int
    kind: str
    said: dict

    @property
    def terminal(self):
        return self.said.get("terminal", ["1"])[-1]


def parse_words(kind, words, where):
    """{word: [value, ...]} of a comment's words."""
    said = {}
    try:
        parts = shlex.split(words)
    except ValueError as error:
        raise PageError(f"{where}: {error}: {words}") from None
    for part in parts:
        name, equals, value = part.partition("=")
        if WORDS[kind].get(name) != bool(equals):
            raise PageError(f"{where}: `{kind}:` knows no `{part}`")
        said.setdefault(name, []).append(value)
    if ("skip" in said or "none" in said) and not said.get("reason", [""])[0]:
        raise PageError(f"{where}: needs a reason=\"...\"")
    return said


def comments(token, path):
    """(line, kind, rest) of each comment in an HTML block that is meant for us."""
    for found in re.finditer(r"<!--\s*(.*?)\s*-->", token.content, re.S):
        line = token.map[0] + 1 + token.content[:found.start()].count("\n")
        kind, _, rest = found[1].partition(":")
        if kind in WORDS or kind == "snippet":
            yield line, kind, rest.strip()
        elif not re.match(r"(prettier|textlint|markdownlint|remark)-", found[1]):
            raise PageError(f"{path}:{line}: not understood: {found[0]}")


def read(path):
    """The page's headings, blocks and comments, in order."""
    path = Path(path)
    items, pending = [], None
    previous = None  # the token before, as far as "directly followed" goes
    for token in MarkdownIt("commonmark").parse(path.read_text(encoding="utf-8")):
        if token.type == "inline" and previous == "heading_open":
            items.append(Heading(token.map[0] + 1, level, token.content))
        elif token.type == "html_block":
            for line, kind, rest in comments(token, path):
                if pending:
                    raise PageError(f"{path}:{pending[0]}: no block follows this comment")
                if kind in ("keys", "check"):
                    items.append(Comment(line, kind, parse_words(kind, rest, f"{path}:{line}")))
                else:
                    pending = (line, kind, rest)
            if pending:
                continue  # a comment stands between a block and its output without parting them
        elif token.type == "fence":
            items.append(make_block(token, pending, path))
            if items[-1].lang == "text":
                give_output(items, previous == "bash" or pending, path)
            pending = None
        elif token.type == "code_block":
            raise PageError(f"{path}:{token.map[0] + 1}: an indented block; fence it")
        if pending and token.type != "fence":
            raise PageError(f"{path}:{pending[0]}: no block follows this comment")
        previous = items[-1].lang if token.type == "fence" else token.type
        if token.type == "heading_open":
            level = int(token.tag[1:])
    if pending:
        raise PageError(f"{path}:{pending[0]}: no block follows this comment")
    return items


def headings(path):
    """The headings alone, of any page."""
    tokens = MarkdownIt("commonmark").parse(Path(path).read_text(encoding="utf-8"))
    return [Heading(after.map[0] + 1, int(token.tag[1:]), after.content)
            for token, after in zip(tokens, tokens[1:]) if token.type == "heading_open"]


def workshops(top="."):
    """The pages that are typed: those with a STEP; the Japanese one of a pair first."""
    return [path for path in sorted(Path(top).glob("infra/*_??.md"), reverse=True)
            if any(heading.step is not None for heading in headings(path))]


def experiments(top="."):
    """The other pages that are typed, in the project's directory and not in the lab alone."""
    return [page for japanese in sorted(Path(top).glob("shared/*_ja.md"))
            for page in (japanese, Path(str(japanese).replace("_ja.md", ".md")))]


def make_block(token, pending, path):
    """The block of a fence, with what its comment said."""
    line, lang = token.map[0] + 1, token.info.strip()
    block = Block(line, lang, token.content)
    if pending:
        _, kind, rest = pending
        if not LANGUAGE_OF[kind](lang):
            raise PageError(f"{path}:{line}: `{kind}:` before a block of {lang or 'no language'}")
        if kind == "snippet":
            block.snippet = rest
        else:
            block.said = parse_words(kind, rest, f"{path}:{line}")
    if LANGUAGE_OF["snippet"](lang) and not block.snippet:
        raise PageError(f"{path}:{line}: a block of {lang or 'no language'} is neither run nor "
                        "cut from a file: declare it by `snippet: PATH#REGION`")
    return block


def give_output(items, belongs, path):
    """Ties a text block to the bash block that it shows the output of."""
    text = items[-1]
    if "none" in text.said or "terminal" in text.said:
        return
    owner = next((i for i in reversed(items[:-1]) if isinstance(i, Block)), None)
    if not belongs or not owner or owner.lang != "bash" or owner.output:
        raise PageError(f"{path}:{text.line}: output of which block? (`output:` says it)")
    owner.output = text


def region(source, name):
    """The lines between `region: NAME` and `endregion: NAME`, without common indentation and without
    blank lines around them."""
    lines = Path(source).read_text(encoding="utf-8").splitlines(keepends=True)
    marks = {re.sub(r"^[\s/*#]*|[\s/*]*$", "", line): n for n, line in enumerate(lines)
             if "region: " in line}
    try:
        begin, end = marks[f"region: {name}"], marks[f"endregion: {name}"]
    except KeyError:
        raise PageError(f"{source}: no region {name}") from None
    inside = [line for line in lines[begin + 1:end] if "region: " not in line]
    return textwrap.dedent("".join(inside).replace("\t", "    ")).strip("\n") + "\n"


def steps(items):
    """{n: (heading, items)} of the `### STEP n` sections."""
    found, current = {}, None
    for item in items:
        if isinstance(item, Heading) and item.level <= 3:
            current = None
            if item.step is not None:
                current = found.setdefault(item.step, (item, []))[1]
        elif current is not None:
            current.append(item)
    return found

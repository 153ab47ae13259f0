"""A rough reader of C++: enough to find statements and functions, without a compiler.

Used by tidy_test.py. It knows comments, strings, brackets, and tells a block `{` from the `{` of an
initialiser by what stands before it; the code's formatting (clang-format) keeps that sound.
"""

import dataclasses
import re

TOKEN = re.compile(
    r"""
      (?P<skip>//[^\n]*|/\*.*?\*/|^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*)
    | (?P<raw>R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)")
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+')
    | (?P<number>\.?\d(?:[\w.]|'\w)*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<sign>->|::|[^\s\w])
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
BLOCK_WORDS = {"else", "do", "try", "const", "noexcept", "override", "final", "mutable"}
SCOPE_WORDS = {"namespace", "struct", "class", "union", "enum", "extern"}


@dataclasses.dataclass
class Function:
    header: str
    line: int
    lines: int


@dataclasses.dataclass
class Statement:
    """What is known of the statement being read in one block."""

    line: int = 0
    words: list = dataclasses.field(default_factory=list)
    awaits: bool = False
    braces_line: int = 0  # of an initialiser in braces
    question_line: int = 0

    def fault(self):
        """(line, sentence) of a shape that g++ 12 compiles to a double free, or None."""
        if self.awaits and self.braces_line:
            return self.braces_line, "braces in a statement with co_await: name the value first"
        if self.awaits and self.question_line:
            return self.question_line, "?: in a statement with co_await: use if, or name the value"
        return None


@dataclasses.dataclass
class Block:
    statement: Statement
    line: int = 0
    header: str = ""
    scope: bool = False  # of a namespace or a type, not of a function
    brackets: list = dataclasses.field(default_factory=list)  # open ( [ and initialiser {


def tokens(text):
    """(line, text) of every token that is not a comment or a preprocessor line."""
    line, position = 1, 0
    for found in TOKEN.finditer(text):
        line += text.count("\n", position, found.start())
        position = found.start()
        if found.lastgroup == "skip":
            continue
        yield line, '""' if found.lastgroup in ("raw", "string", "mark") else found.group()


def opens_initialiser(before, block):
    """Whether a `{` after the token `before` begins an initialiser rather than a block."""
    words = block.statement.words
    if SCOPE_WORDS & set(words[:3]) and not block.brackets:
        return False
    if before == "{":  # nested braces, or the first statement of a block
        return bool(block.brackets)
    if before == ">":  # `vector<int>{…}`, but `-> awaitable<void> {` is the end of a header
        return "->" not in words[-16:]
    if before in ("(", ",", "=", "return", "co_return", "co_await"):
        return True
    return bool(re.fullmatch(r"[A-Za-z_]\w*", before)) and before not in BLOCK_WORDS


class Scan:
    """Reads one file; then `faults` are (line, sentence) and `functions` are its functions."""

    def __init__(self, text):
        self.faults = []
        self.functions = []
        self._blocks = [Block(Statement(), scope=True)]
        before = ";"
        for line, token in tokens(text):
            self._take(line, token, before)
            before = token

    def _take(self, line, token, before):
        block = self._blocks[-1]
        statement = block.statement
        statement.line = statement.line or line
        if token == "{":
            if opens_initialiser(before, block):
                block.brackets.append("{")
                statement.braces_line = statement.braces_line or line
            else:
                self._open(line)
            return
        if token == "}":
            if block.brackets:
                block.brackets.pop()
            else:
                self._close(line)
            return
        if token in "([":
            block.brackets.append(token)
        elif token in ")]" and block.brackets:
            block.brackets.pop()
        elif token == ";" and "{" not in block.brackets and not block.brackets:
            self._end_statement(block)
            return
        elif token == "co_await":
            statement.awaits = True
        elif token == "?":
            statement.question_line = statement.question_line or line
        statement.words.append(token)

    def _open(self, line):
        outer = self._blocks[-1]
        words = outer.statement.words
        # A type or namespace at the top of its statement; `struct X f() {` does not occur.
        scope = outer.scope and bool(SCOPE_WORDS & set(words[:6])) and ")" not in words
        header = "".join(
            (" " if a[-1:].isalnum() and b[:1].isalnum() else "") + b
            for a, b in zip([""] + words, words)
        )
        inner = Block(Statement(), line=outer.statement.line, header=header, scope=scope)
        if not outer.brackets:  # the header of an if, a loop or a function ends here
            self._end_statement(outer)
        self._blocks.append(inner)

    def _close(self, line):
        if len(self._blocks) == 1:
            return
        inner = self._blocks.pop()
        outer = self._blocks[-1]
        if outer.scope and not inner.scope:
            self.functions.append(Function(inner.header, inner.line, line - inner.line + 1))

    def _end_statement(self, block):
        fault = block.statement.fault()
        if fault:
            self.faults.append(fault)
        block.statement = Statement()

"""`smilax explain` answers the questions beside the manifests of tests/data/smi: every example of the
specification, and the shapes of the tools (tests/data/smi/README.md says how a question is written).
"""

import dataclasses
import fractions
import json
import pathlib
import shlex

import pytest
from support import program

ROOT = program.ROOT / "tests" / "data" / "smi"
EXIT_OF = {"allow": 0, "deny": 3, "routed": 0}
SHARE_ROUNDING = 0.0005


@dataclasses.dataclass
class Question:
    """One line: the words after `smilax explain`, and what stands behind `=>`."""

    file: pathlib.Path
    line: int
    subject: str  # access | route
    options: list
    expected: list

    def ask(self):
        """(exit code, answer)"""
        run = program.smilax("explain", self.subject, manifest_of(self.file), *self.options,
                             "-o", "json")
        assert run.returncode in (0, 3), f"{self}\n{run.stdout}{run.stderr}"
        return run.returncode, json.loads(run.stdout)

    def __str__(self):
        return f"{self.file.relative_to(ROOT)}:{self.line}: {self.subject} {shlex.join(self.options)}"


def manifest_of(questions):
    for ending in (".yaml", ".json"):
        if questions.with_suffix(ending).is_file():
            return questions.with_suffix(ending)
    raise AssertionError(f"{questions}: has no manifest")


def read(file):
    for number, text in enumerate(file.read_text().splitlines(), 1):
        if text and not text.startswith("#"):
            words, arrow, expected = text.partition(" => ")
            assert arrow, f"{file}:{number}: write QUESTION => ANSWER"
            subject, *options = shlex.split(words)
            yield Question(file, number, subject, options, expected.split())


def files():
    return sorted(ROOT.rglob("*.questions"))


def named(reference):
    return f"{reference['namespace']}/{reference['name']}" if reference else "-"


def check_access(question, answer):
    """`allow REASON NS/NAME[#MATCH]`, or `deny REASON` and targets `NS/NAME:FAILED`, the nearest
    first."""
    verdict, reason, *more = question.expected
    assert (answer["verdict"], answer["reason"]) == (verdict, reason)
    if verdict == "allow":
        (rule,) = more
        match = answer["rule"]["match"]
        assert answer["rule"]["kind"] == "TrafficTarget"
        assert named(answer["rule"]) + (f"#{match}" if match else "") == rule
        return
    considered = [f"{named(target)}:{target['failed']}" for target in answer["considered"]]
    assert considered[:1] == more[:1] or not more, f"considered: {considered}"
    assert set(more) <= set(considered), f"considered: {considered}"


def check_backend(expected, backend):
    """`NS/NAME:PORT=SHARE[@ENDPOINT]`, the share as a fraction."""
    name, _, share = expected.partition("=")
    share, _, endpoint = share.partition("@")
    assert f"{backend['service']}:{backend['port']}" == name
    assert abs(backend["share"] - float(fractions.Fraction(share))) <= SHARE_ROUNDING
    assert backend["endpoints"], "a backend that can be used has ready endpoints"
    assert not endpoint or backend["endpoints"] == [endpoint]


def check_route(question, answer):
    """`REASON NS/SPLIT|- BACKEND… -NS/EXCLUDED:REASON…`, all of them, in the split's order."""
    reason, split, *more = question.expected
    assert (answer["reason"], named(answer["split"])) == (reason, split)
    excluded = [f"-{left['service']}:{left['reason']}" for left in answer["excluded"]]
    assert excluded == [word for word in more if word.startswith("-")]
    backends = [word for word in more if not word.startswith("-")]
    assert len(answer["backends"]) == len(backends), answer["backends"]
    for word, backend in zip(backends, answer["backends"]):
        check_backend(word, backend)


def test_there_are_questions():
    assert len(files()) > 100


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(ROOT).with_suffix("")))
def test_answers_are_those_of_the_specification(file):
    check = {"access": check_access, "route": check_route}
    wrong = []
    for question in read(file):
        code, answer = question.ask()
        try:
            assert code == EXIT_OF.get(question.expected[0], 3), f"exit code {code}"
            check[question.subject](question, answer)
        except AssertionError as failure:
            expected = " ".join(question.expected)
            wrong.append(f"{question}\nexpected: {expected}\nanswered: {json.dumps(answer)}\n{failure}")
    assert not wrong, "\n\n".join(wrong)

"""A request costs no more instructions than recorded; and the comparison that says so is right."""

import functools
import json
import pathlib
import sys

import pytest
from support import program

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))

import instructions  # noqa: E402

PROFILE = """\
version: 1
creator: callgrind-3.19.0
positions: line
events: Ir

ob=(1) /build/smilax
fl=(1) ???
fn=(1) serve
0 100
cfn=(2) parse
calls=3 0
0 900
0 20

fn=(2)
0 700
cob=(2) /lib/libc.so.6
cfi=(2) ???
cfn=(3) memcpy
calls=1 0
0 200

ob=(2)
fl=(2)
fn=(3)
0 200
+3 5
* 1
totals: 1026
"""


def verdict_of(recorded, measured):
    [(_, word, sentence)] = instructions.compare({"plaintext": recorded}, {"plaintext": measured})
    return word, sentence


@pytest.mark.parametrize(("measured", "word"), [
    (100_000, "ok"), (102_900, "ok"), (103_100, "worse"), (97_100, "ok"), (96_900, "better"),
])
def test_three_per_cent_are_the_bar(measured, word):
    assert verdict_of(100_000, measured)[0] == word


def test_what_is_said_names_the_numbers():
    assert verdict_of(100_000, 104_000)[1] == (
        "plaintext: 104,000 instructions per request, recorded 100,000 (+4.0%): too many")
    assert verdict_of(100_000, 90_000)[1].endswith("(-10.0%): record the gain")


def test_every_measured_number_is_compared():
    recorded = {"plaintext": 10, "mtls_client": 10, "mtls_server": 10, "functions": {}}
    measured = {"plaintext": 10, "mtls_client": 11, "mtls_server": 9}
    words = [word for _, word, _ in instructions.compare(recorded, measured)]
    assert words == ["ok", "worse", "better"]


def test_functions_that_grew_are_named_largest_first():
    lines = instructions.growth({"a": 10, "b": 10, "c": 10}, {"a": 12, "b": 10, "c": 1, "new": 25, "d": 9})
    assert [line.split() for line in lines] == [["+15", "new"], ["+2", "a"]]


def test_long_names_grow_only_by_what_they_grew():
    """They are cut in the record, where several may become one."""
    name = "f" * instructions.NAME_BYTES_MAX
    costs = {name + "1": 10.0, name + "2": 20.0}
    recorded = instructions.kept(costs)
    assert recorded == {name: 30}
    assert instructions.growth(recorded, costs) == []


def test_profile_counts_each_instruction_in_its_own_function(tmp_path):
    file = tmp_path / "callgrind-01"
    file.write_text(PROFILE)
    costs = instructions.read_profile(file)
    assert costs == {"serve": 120, "parse": 700, "memcpy": 206}
    assert sum(costs.values()) == 1026


def test_profile_that_does_not_add_up_is_refused(tmp_path):
    file = tmp_path / "callgrind-01"
    file.write_text(PROFILE.replace("totals: 1026", "totals: 1027"))
    with pytest.raises(ValueError):
        instructions.read_profile(file)


def test_only_the_thread_that_did_the_requests_counts():
    short, long = instructions.REQUESTS
    more = long - short
    before = {"control": {"scan": 5_000}, "worker": {"serve": 70, "start": 9}}
    after = {"control": {"scan": 5_300}, "worker": {"serve": 70 + 40 * more, "start": 9}}
    number, functions = instructions.per_request(before, after)
    assert number == 40
    assert functions == {"serve": 40, "start": 0}


def test_least_of_three_measurements_counts():
    recorded = {"plaintext": 100, "mtls_client": 100}
    measurements = iter([
        ({"plaintext": 110, "mtls_client": 101}, {"plaintext": "first", "mtls_client": "first"}),
        ({"plaintext": 105, "mtls_client": 120}, {"plaintext": "second", "mtls_client": "second"}),
        ({"plaintext": 107, "mtls_client": 99}, {"plaintext": "third", "mtls_client": "third"}),
    ])
    assert instructions.measure_least(lambda: next(measurements), recorded) == (
        {"plaintext": 105, "mtls_client": 99}, {"plaintext": "second", "mtls_client": "third"})
    assert list(measurements) == []


def test_within_the_bar_one_measurement_is_enough():
    measurements = iter([({"plaintext": 102}, {"plaintext": "first"})])
    assert instructions.measure_least(lambda: next(measurements), {"plaintext": 100}) == (
        {"plaintext": 102}, {"plaintext": "first"})


# ---- the real program ----------------------------------------------------------------------------


@functools.cache
def measured():
    recorded = json.loads(instructions.RECORD.read_text())
    return instructions.measure_least(
        lambda: instructions.measure(program.release_binary()), recorded)


@pytest.mark.parametrize("name", ["plaintext", "mtls_client", "mtls_server"])
def test_request_costs_no_more_instructions_than_recorded(name):
    recorded = json.loads(instructions.RECORD.read_text())
    numbers, functions = measured()
    [(_, word, sentence)] = instructions.compare(recorded, {name: numbers[name]})
    print(sentence)
    assert word != "worse", "\n".join([
        sentence, *instructions.growth(recorded["functions"][name], functions[name]),
        instructions.HOW_TO_RECORD])

"""What may be concluded from rounds, and what may not."""

import pytest
import ratios
from ratios import CANNOT_SAY, MET, MISSED, Target, judge, paired, spread

CPU = Target("cpu", "ours", "<=", 0.85, "theirs")
SEVEN = 7
AGAINST = [10.0] * SEVEN


def run(own, target=CPU, against=AGAINST, errors=None, concludes=True):
    samples = {"ours": {"cpu": own}, "theirs": {"cpu": against}}
    return judge(target, samples, errors or {}, concludes)


def test_the_median_of_seven_rounds_lies_between_the_second_and_the_sixth():
    made = spread([7, 1, 6, 2, 5, 3, 4])
    assert (made.low, made.median_from, made.median, made.median_to, made.high) == (1, 2, 4, 6, 7)


@pytest.mark.parametrize(("rounds", "beyond"), [(1, 0), (6, 0), (7, 1), (12, 3), (21, 6), (70, 28)])
def test_the_interval_of_the_median_is_the_narrowest_that_may_be_trusted(rounds, beyond):
    assert ratios.rounds_beyond(rounds) == beyond
    # As counted by all the ways that so many coins can fall.
    if 1 < rounds <= 12:
        falls = [bin(number).count("1") for number in range(2**rounds)]
        holds = sum(beyond < heads < rounds - beyond for heads in falls) / len(falls)
        narrower = sum(beyond + 1 < heads < rounds - beyond - 1 for heads in falls) / len(falls)
        assert narrower < ratios.CONFIDENCE_MIN <= holds


def test_spread_of_one_round_is_that_round():
    assert spread([3.0]) == ratios.Spread(3.0, 3.0, 3.0, 3.0, 3.0)


def test_ratios_are_of_the_same_round():
    # The machine became twice as slow half way: each pair still says a half.
    assert paired([1, 1, 2, 2], [2, 2, 4, 4]) == [0.5, 0.5, 0.5, 0.5]


def test_rounds_of_different_numbers_do_not_pair():
    with pytest.raises(ValueError):
        paired([1, 2], [1])


def test_a_ratio_below_its_limit_is_met():
    verdict = run([8.0] * SEVEN)
    assert (verdict.word, verdict.why) == (MET, "")
    assert verdict.measured.median == pytest.approx(0.8)


def test_a_ratio_above_its_limit_is_missed():
    assert run([8.6] * SEVEN).word == MISSED


def test_at_least_is_the_other_way_round():
    at_least = Target("cpu", "ours", ">=", 1.0, "theirs")
    assert run([10.1] * SEVEN, at_least).word == MET
    assert run([9.9] * SEVEN, at_least).word == MISSED


def test_a_target_may_compare_two_metrics():
    target = Target("resumed", "ours", "<=", 0.4, "theirs", "full")
    samples = {"ours": {"resumed": [3.0] * SEVEN}, "theirs": {"full": AGAINST}}
    assert judge(target, samples, {}).word == MET


def test_a_target_without_another_is_of_the_number_itself():
    target = Target("cpu", "ours", "<=", 10, unit="MiB")
    assert run([10.0] * SEVEN, target).word == MET
    assert run([10.1] * SEVEN, target).word == MISSED


def test_one_stray_round_of_seven_changes_nothing():
    assert run([8.0] * 6 + [30.0]).word == MET


@pytest.mark.parametrize(
    ("own", "why"),
    [
        ([8.0] * 6, "only 6 rounds"),
        ([8.2, 8.3, 8.4, 8.5, 8.6, 8.7, 8.8], "between 0.83 and 0.87"),
        ([8.46, 8.46, 8.48, 8.49, 8.5, 8.53, 8.6], "between 0.846 and 0.853"),
    ],
)
def test_nothing_is_concluded_from_doubtful_rounds(own, why):
    verdict = run(own, against=[10.0] * len(own))
    assert verdict.word == CANNOT_SAY
    assert why in verdict.why


def test_a_wide_spread_on_one_side_of_the_target_concludes():
    assert run([2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 20.0]).word == MET
    assert run([2.0, 9.0, 12.0, 15.0, 20.0, 30.0, 90.0]).word == MISSED


def test_more_rounds_conclude_where_few_cannot():
    scattered = [7.0, 7.5, 8.0, 8.2, 8.4, 8.7, 9.0]
    assert run(scattered).word == CANNOT_SAY
    thrice = scattered * 3
    assert run(thrice, against=[10.0] * len(thrice)).word == MET


def test_nothing_is_concluded_from_runs_with_errors():
    for label in ("ours", "theirs"):
        verdict = run([8.0] * SEVEN, errors={label: ["round 3: 1 status of 90 requests"]})
        assert verdict.word == CANNOT_SAY
        assert "1 status" in verdict.why


def test_errors_of_a_third_do_not_matter():
    assert run([8.0] * SEVEN, errors={"third": ["round 1: 5 connect"]}).word == MET


def test_nothing_is_concluded_from_a_quick_run():
    assert run([8.0] * SEVEN, concludes=False).word == CANNOT_SAY


def test_a_peer_that_did_not_run_is_named():
    verdict = judge(CPU, {"ours": {"cpu": [8.0] * SEVEN}}, {})
    assert (verdict.word, verdict.why) == (CANNOT_SAY, "theirs did not run")


def test_a_round_that_was_not_measured_pairs_with_nothing():
    assert run([8.0] * 6, against=AGAINST).why == "cpu was not measured"

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


def test_spread_is_of_the_middle_half():
    made = spread([1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert (made.low, made.quarter, made.median, made.three_quarters, made.high) == (1, 3, 5, 7, 9)
    assert made.width == pytest.approx(4 / 5)


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
        ([6.0, 6.0, 6.0, 7.0, 8.0, 8.0, 8.0], "spans 29%"),
        ([8.2, 8.3, 8.4, 8.5, 8.6, 8.7, 8.8], "both sides"),
    ],
)
def test_nothing_is_concluded_from_doubtful_rounds(own, why):
    verdict = run(own, against=[10.0] * len(own))
    assert verdict.word == CANNOT_SAY
    assert why in verdict.why


def test_the_middle_half_may_span_fifteen_per_cent():
    within = [0.70, 0.70, 0.75, 0.75, 0.75, 0.80, 0.82]
    assert spread(within).width < 0.15
    assert run([10 * value for value in within]).word == MET


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

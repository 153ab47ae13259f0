"""The charts are well-formed SVG that says what the numbers say."""

import xml.etree.ElementTree as ET

import charts
import pytest

SVG = "{http://www.w3.org/2000/svg}"


def ratio(median, low, high, against="haproxy", metric="cpu", of="smilax"):
    return {"metric": metric, "of": of, "against": against, "median": median, "low": low,
            "high": high, "median_from": low, "median_to": high}


def scenario(name, ratios, **rest):
    return {"name": name, "what": "what", "curve": "", "candidates": {}, "verdicts": [],
            "ratios": ratios, **rest}


def title_of(metric):
    return f"words of {metric}", "µs"


def parse(text):
    root = ET.fromstring(text)
    return root, [node.text for node in root.iter(f"{SVG}text")]


def widths(root):
    """Of the bars: all rectangles but the background."""
    return [float(node.get("width")) for node in root.iter(f"{SVG}rect")][1:]


def test_bars_are_as_long_as_their_ratios():
    ratios = [(ratio(0.5, 0.4, 0.6), None), (ratio(1, 1, 1), None)]
    root, words = parse(charts.bars("title", [("row", ratios)]))
    half, whole = widths(root)
    assert half == pytest.approx(whole / 2, rel=0.01)
    assert "0.50 × haproxy" in words


def test_a_bar_beyond_the_chart_ends_at_its_edge_and_keeps_its_number():
    root, words = parse(charts.bars("title", [("row", [(ratio(7.25, 7, 8), None)])]))
    bar = list(root.iter(f"{SVG}rect"))[1]
    assert float(bar.get("x")) + float(bar.get("width")) <= charts.WIDTH - charts.RIGHT
    assert "7.25 × haproxy" in words


def test_words_are_escaped():
    _, words = parse(charts.bars("a < b & c", [('<script> "x"', [(ratio(1, 1, 1), 0.85)])]))
    assert '<script> "x"' in words


def test_a_curve_is_relative_to_its_first_point():
    root, words = parse(charts.curves("t", "targets", [("CPU", [(1, 20.0), (10_000, 21.0)])]))
    assert "CPU 1.05 ×" in words
    assert "10,000" in words
    assert len(list(root.iter(f"{SVG}circle"))) == 2


def test_a_curve_that_rises_goes_up():
    root, _ = parse(charts.curves("t", "targets", [("CPU", [(1, 20.0), (10, 40.0)])]))
    first, last = [float(node.get("cy")) for node in root.iter(f"{SVG}circle")]
    assert last < first


def test_curves_that_end_together_have_words_apart():
    same = [(1, 20.0), (10, 20.0)]
    root, _ = parse(charts.curves("t", "targets", [("CPU", same), ("RSS", same), ("p99", same)]))
    ends = sorted(float(node.get("y")) for node in root.iter(f"{SVG}text") if "1.00 ×" in node.text)
    assert len(ends) == 3
    assert min(ends[1] - ends[0], ends[2] - ends[1]) >= 12


def test_a_curve_of_one_point_is_drawn():
    root, _ = parse(charts.curves("t", "targets", [("CPU", [(1, 20.0)])]))
    assert len(list(root.iter(f"{SVG}circle"))) == 1


def test_a_curve_without_points_says_so():
    assert "nothing was measured" in parse(charts.curves("t", "x", [("CPU", [])]))[1]


def test_a_result_has_a_chart_per_group_and_per_curve():
    candidates = {"1": {"x": 1, "medians": {"cpu": 2.0}}, "10": {"x": 10, "medians": {"cpu": 3.0}}}
    made = charts.of_result(
        [
            scenario("mtls/keep-alive-50", [ratio(0.7, 0.6, 0.8)]),
            scenario("mtls/bulk", [ratio(1.7, 1.6, 1.8)]),
            scenario("growth/targets", [ratio(1.5, 1, 2, "1", of="10")], curve="targets",
                     candidates=candidates),
            scenario("skipped", []),
        ],
        title_of,
    )
    assert sorted(made) == ["growth-targets.svg", "mtls.svg"]
    _, words = parse(made["mtls.svg"])
    assert "keep-alive-50: words of cpu" in words
    assert "words of cpu 1.50 ×" in parse(made["growth-targets.svg"])[1]


def verdict_of(word, against="haproxy", measured=None):
    return {"metric": "cpu", "candidate": "smilax", "against": against, "limit": 0.75, "sense": "<=",
            "unit": "" if against else "MiB", "measured": measured, "verdict": word}


def test_targets_are_listed_with_what_was_measured_and_the_verdict():
    verdicts = [verdict_of("met", measured={
        "median": 0.5, "low": 0.3, "high": 0.9, "median_from": 0.4, "median_to": 0.6}),
        verdict_of("missed", against=None), verdict_of("cannot say")]
    made = charts.of_result([scenario("mtls/x", [], verdicts=verdicts)], title_of)
    assert list(made) == ["targets.svg"]
    root, words = parse(made["targets.svg"])
    assert "words of cpu of smilax ≤ 0.75 × haproxy" in words
    assert "words of cpu of smilax ≤ 0.75 MiB" in words
    assert "0.50 [0.40 – 0.60]" in words
    assert words.count("–") == 2
    colours = [node.get("fill") for node in root.iter(f"{SVG}rect")][1:]
    assert len(set(colours)) == 3, "each verdict has a colour of its own"


def test_every_chart_has_a_background_of_its_own():
    """Pages may be dark."""
    made = charts.of_result(
        [scenario("mtls/x", [ratio(0.7, 0.6, 0.8)], verdicts=[verdict_of("met")]),
         scenario("growth/x", [ratio(1.5, 1, 2, "1", of="10")], curve="targets", candidates={
             "1": {"x": 1, "medians": {"cpu": 2.0}}})], title_of)
    assert len(made) == 3
    for name, text in made.items():
        first = next(parse(text)[0].iter(f"{SVG}rect"))
        assert (first.get("fill"), first.get("width")) == ("#ffffff", str(charts.WIDTH)), name


def test_numbers_are_beside_the_bars():
    rows = [("a long name of a row", [(ratio(1.9, 0.2, 2.5), 0.5), (ratio(0.1, 0.1, 0.1), None)])]
    root, _ = parse(charts.bars("title", rows))
    numbers = [node for node in root.iter(f"{SVG}text") if "haproxy" in node.text]
    assert len(numbers) == 2
    drawn = [float(node.get("x2")) for node in root.iter(f"{SVG}line")]
    drawn += [float(node.get("x")) + float(node.get("width"))
              for node in list(root.iter(f"{SVG}rect"))[1:]]
    assert min(float(node.get("x")) for node in numbers) > max(drawn)


def test_the_target_of_a_ratio_is_drawn():
    verdict = verdict_of("met")
    with_target = charts.of_result(
        [scenario("mtls/x", [ratio(0.7, 0.6, 0.8)], verdicts=[verdict])], title_of)["mtls.svg"]
    without = charts.of_result([scenario("mtls/x", [ratio(0.7, 0.6, 0.8)])], title_of)["mtls.svg"]
    # Its mark, and the words that explain it.
    assert with_target.count("#b00020") == without.count("#b00020") + 2

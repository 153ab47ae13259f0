"""The parts of the tool: choosing, layout, what the load says, results, reports, pages."""

import json

import bench
import generator
import keep
import layout
import machine
import processes
import pytest
import report_html
import report_text
import results
import scenarios
import surroundings
from candidate import Candidate
from peers.base import Shape
from ratios import Target
from rounds import Measured
from scenarios.base import METRICS, ClosedLoop, Sample, warm_seconds_of
from scenarios.connections import resumption_fault
from scenarios.latency import Latency, rate_fault

SAID = {
    "seconds": 2.0, "requests": 100, "bytes_read": 5, "bytes_written": 6, "handshakes": 0,
    "resumed": 0, "rate": {"asked": None, "sent": 50.0}, "latency_us": {"p50": 1, "p99": 2},
    "errors": {"connect": 0, "tls": 0, "status": 0, "read": 0, "unanswered": 0},
}


def said(**changes):
    return generator.parse_outcome(json.dumps(SAID | changes))


# ---- layout --------------------------------------------------------------------------------------


def test_one_core_is_refused_with_a_sentence():
    with pytest.raises(layout.Unsuitable, match="only one core"):
        layout.choose_cores({3})


@pytest.mark.parametrize(
    ("allowed", "cores"),
    [({0, 1}, (0, 1, 1)), ({2, 5, 7}, (2, 5, 7)), ({4, 3, 2, 1}, (1, 2, 3))],
)
def test_proxies_have_a_core_of_their_own(allowed, cores):
    made = layout.choose_cores(allowed)
    assert (made.proxies, made.load, made.application) == cores


def test_memory_is_read_from_the_status_of_a_process():
    status = "Name:\tx\nVmRSS:\t    1234 kB\nRssAnon:\t     200 kB\nRssFile:\t  1034 kB\n"
    assert processes.memory_of(status) == (1234, 200)


# ---- choosing ------------------------------------------------------------------------------------


def names(*words):
    return [made.name for made in scenarios.choose(words)]


def test_without_words_those_with_targets_run():
    assert names() == [made.name for made in scenarios.SCENARIOS.values() if made.targets]


def test_scenarios_are_chosen_by_name_group_and_pattern():
    assert names("churn") == ["churn"]
    assert names("server") == ["server/new-connections", "server/handshakes", "server/storm"]
    assert names("*/64k", "churn") == ["plaintext/64k", "mtls/64k", "churn"]
    assert len(names("all")) == len(scenarios.SCENARIOS)


def test_an_unknown_scenario_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as ended:
        bench.parse_arguments(["mtls/nothing"])
    assert ended.value.code == 2
    assert "--list" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--quick"], ["--rounds", "6"]])
def test_what_concludes_nothing_is_not_kept(words):
    with pytest.raises(SystemExit) as ended:
        bench.parse_arguments([*words, "--keep"])
    assert ended.value.code == 2


def test_every_target_names_candidates_and_metrics_of_its_scenario():
    for made in scenarios.SCENARIOS.values():
        labels = {candidate.label for candidate in made.candidates()}
        for target in made.targets:
            assert target.candidate in labels, made.name
            assert target.against is None or target.against in labels, made.name
            results.title(target.metric)
        for metric in (*made.shown, *made.compared):
            results.title(metric)


def test_the_targets_are_those_of_the_project():
    limits = sorted((target.sense, target.limit) for made in scenarios.SCENARIOS.values()
                    for target in made.targets)
    assert limits == sorted([
        ("<=", 0.85), ("<=", 0.75), ("<=", 0.35), ("<=", 0.9), ("<=", 0.9), ("<=", 0.8), ("<=", 0.4),
        (">=", 1.0), (">=", 1.0), ("<=", 10), ("<=", 4), ("<=", 14), ("<=", 20), ("<=", 3),
        ("<=", 1.05), ("<=", 1.2)])


# ---- the load ------------------------------------------------------------------------------------


def test_a_load_without_errors_has_no_fault():
    assert said().fault() == ""


def test_errors_of_a_load_are_said():
    errors = SAID["errors"] | {"status": 3, "read": 1}
    assert said(errors=errors).fault() == "3 status, 1 read of 100 requests"


def test_a_load_that_got_no_answer_is_a_fault():
    assert "not one" in said(requests=0).fault()


def test_a_rate_that_was_not_sent_is_a_fault():
    load = generator.Load(rate=100)
    assert "only 50 of 100" in rate_fault(load, said())
    assert rate_fault(generator.Load(rate=50), said()) == ""


def test_handshakes_of_the_other_kind_are_a_fault():
    full, resumed = generator.Load(), generator.Load(resume=True)
    assert "that should not" in resumption_fault(full, said(handshakes=100, resumed=1))
    assert "only 94%" in resumption_fault(resumed, said(handshakes=100, resumed=94))
    assert resumption_fault(resumed, said(handshakes=100, resumed=95)) == ""


def test_new_connections_of_the_other_kind_are_a_fault():
    made = next(made for made in scenarios.choose(["server/new-connections"]))
    assert "were resumed" in made.fault(generator.Load(resume=True), said(handshakes=100, resumed=0))
    assert made.fault(generator.Load(), said(handshakes=100)) == ""


def test_more_connections_warm_up_longer():
    # Two handshakes of a millisecond for each, on one core.
    assert warm_seconds_of(generator.Load(connections=500)) >= 1.5
    assert warm_seconds_of(generator.Load(connections=1)) < 0.5


def test_arguments_of_a_load_say_all_of_it():
    load = generator.Load(path="/u", method="POST", connections=3, body_bytes=9, chunked=True,
                          close=True, rate=70.4, read_bytes_per_second=5)
    words = list(map(str, load.arguments()))
    assert words == ["--path", "/u", "--method", "POST", "--connections", "3", "--body", "9",
                     "--chunked", "--close", "--rate", "70", "--read-bytes-per-second", "5"]


def test_added_latency_is_against_direct_in_the_same_round():
    samples = {"smilax": Sample({"p50_us@50%": 250.0}), "direct": Sample({"p50_us@50%": 100.0})}
    Latency("x", "x").complete(samples)
    assert samples["smilax"].metrics["added_p50_us@50%"] == 150.0
    assert "added_p50_us@50%" not in samples["direct"].metrics


def test_the_generation_of_a_snapshot_is_read_from_metrics():
    text = '# TYPE smilax_snapshot_generation gauge\nsmilax_snapshot_generation{pod="x"} 42\n'
    assert surroundings.snapshot_generation(text) == 42
    assert surroundings.snapshot_generation("") == 0


def test_each_write_of_the_churn_says_something_else(tmp_path):
    folder = tmp_path / "resources"
    folder.mkdir()
    churn = surroundings.Churn(folder)
    texts = []
    for churn.done in range(2):
        churn.act()
        texts.append((folder / "churn.yaml").read_text())
    assert texts[0] != texts[1]
    assert [file.name for file in folder.iterdir()] == ["churn.yaml"], "drafts lie elsewhere"


# ---- results -------------------------------------------------------------------------------------


def measured():
    shape = Shape()
    scenario = ClosedLoop(
        "plaintext/x", "a <scenario>", targets=(
            Target("cpu_us_per_request", "smilax", "<=", 0.85, "haproxy"),
            Target("cpu_us_per_request", "smilax", "<=", 0.35, "envoy")))
    return Measured(
        scenario, 7, 2.0,
        (Candidate("smilax", "smilax", shape), Candidate("haproxy", "haproxy", shape)),
        {"smilax": {"cpu_us_per_request": [8.0] * 7}, "haproxy": {"cpu_us_per_request": [10.0] * 7}},
        {"smilax": [], "haproxy": []},
        {"envoy": "not here: install it"},
        {"smilax": {"client": "key: /tmp/run/candidate-7/tls.key " + "x" * 9000}},
        ["a note"],
    )


def result(at="2026-01-02T03:04:05+00:00", **changes):
    texts = {}
    return {
        "format": results.FORMAT, "at": at, "rounds": 7, "seconds": 2.0, "quick": False,
        "machine": {"processor": "P", "mhz": 1.0, "cores": 2, "memory_gib": 4.0, "kernel": "6",
                    "governor": "unknown", "is_virtual": True},
        "versions": {"commit": "abc+"}, "layout": "proxies on core 0", "notes": [],
        "scenarios": [results.of_scenario(measured(), True, "/tmp/run", texts) | changes],
        "configurations": texts,
    }


def test_a_result_has_rounds_medians_ratios_and_verdicts():
    made = result()["scenarios"][0]
    assert made["candidates"]["smilax"]["rounds"] == {"cpu_us_per_request": [8.0] * 7}
    assert made["ratios"][0]["median"] == 0.8
    assert [verdict["verdict"] for verdict in made["verdicts"]] == ["met", "cannot say"]
    assert made["verdicts"][1]["why"] == "envoy did not run"


def test_configurations_are_kept_without_the_folder_and_not_at_any_length():
    made = result()
    key = made["scenarios"][0]["candidates"]["smilax"]["configuration"]["client"]
    text = made["configurations"][key]
    assert text.startswith("key: $FOLDER/tls.key")
    assert "more characters" in text
    assert len(text) < 7000


def test_others_on_the_core_of_the_proxies_are_noted():
    made = measured()
    made.samples["haproxy"]["foreign_core"] = [1.0, 30.0, 31.0]
    assert "others used 30 %" in results.of_scenario(made, True, "/x", {})["notes"][-1]


def test_the_text_says_numbers_ratios_verdicts_and_who_was_not_there():
    text = report_text.render(result())
    assert "8.00" in text
    assert "smilax = 0.80 [0.80 – 0.80] × haproxy" in text
    assert ("MET: CPU per request of smilax <= 0.85 × haproxy; measured 0.80 [0.80 – 0.80], median"
            " within [0.80 – 0.80]") in text
    assert "without envoy: not here: install it" in text
    assert "note: a note" in text


def test_the_page_is_one_file_and_escaped():
    text = report_html.render(result())
    assert "a &lt;scenario&gt;" in text
    assert "<svg" in text
    assert "src=" not in text


def test_equal_configurations_are_kept_once():
    texts = {}
    for number in (1, 2):
        made = measured()
        made.configurations = {"smilax": {"client": f"key: /tmp/run/candidate-{number}/tls.key"}}
        results.of_scenario(made, True, "/tmp/run", texts)
    assert list(texts.values()) == ["key: $FOLDER/tls.key"]


def test_a_table_of_many_metrics_has_a_row_for_each():
    names = [f"{name}_us@{share}%" for name in ("p50", "p99", "p99.9") for share in (25, 50, 75)]
    made = {"metrics": names, "candidates": {"smilax": {"medians": dict.fromkeys(names, 7.0)}}}
    rows = list(report_text.table(made))
    assert len(rows) == 1 + len(names)
    assert rows[0].split() == ["smilax"]
    assert rows[1].split() == ["p50", "at", "25%", "µs", "7.00"]


def test_json_reads_back_and_other_formats_are_refused():
    made = result()
    assert results.load(results.dump(made)) == made
    with pytest.raises(ValueError, match="format 99"):
        results.load('{"format": 99}')


def test_kept_results_make_a_page_of_the_newest(tmp_path):
    old = result(ratios=[], verdicts=[])
    new = result(at="2026-02-02T00:00:00+00:00")
    (tmp_path / "gone.svg").write_text("of a scenario that is no more")
    keep.keep(new, tmp_path)
    keep.keep(old, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "2026-01-02T030405-abc.json", "2026-02-02T000000-abc.json", "README.md", "plaintext.svg",
        "targets.svg"]
    page = (tmp_path / "README.md").read_text()
    assert "![plaintext](plaintext.svg)" in page
    assert "targets.svg" not in page, "it has them as a table"
    assert "| plaintext/x | CPU per request of smilax <= 0.85 × haproxy" in page
    assert "2026-02-02T000000-abc.json" in page


def test_a_run_that_is_kept_again_replaces_its_file_or_leaves_it_whole(tmp_path, monkeypatch):
    first, second = result(), result(ratios=[])
    file = keep.write(first, tmp_path)
    assert keep.write(second, tmp_path) == file
    assert results.load(file.read_text()) == second

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keep.os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        keep.write(first, tmp_path)
    assert results.load(file.read_text()) == second
    assert list(tmp_path.iterdir()) == [file], "no draft is left"


def test_strict_fails_where_a_target_is_missed():
    made = result()
    assert not bench.has_failed(made, is_strict=True)
    made["scenarios"][0]["verdicts"][0]["verdict"] = "missed"
    assert bench.has_failed(made, is_strict=True)
    assert not bench.has_failed(made, is_strict=False)


def test_every_metric_has_words():
    assert all(words for words, _ in METRICS.values())


def test_results_of_another_format_are_named_before_an_hour_is_spent(tmp_path, capsys):
    (tmp_path / "old.json").write_text('{"format": 1}')
    with pytest.raises(SystemExit):
        bench.parse_arguments(["churn", "--keep-in", str(tmp_path)])
    assert f"{tmp_path}/old.json: format 1 is not" in capsys.readouterr().err


def test_without_git_the_commit_is_unknown(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.commit() == "unknown"

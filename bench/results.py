"""A run as plain data: what is printed, kept as JSON and drawn."""

import hashlib
import json
import re

from ratios import judge, paired, spread
from scenarios.base import METRICS

FORMAT = 2
TEXT_MAX = 6000  # of a configuration


def title(metric):
    """(words, unit) of a metric; with its rate when it has one."""
    name, _, share = metric.partition("@")
    added = name.startswith("added_")
    words, unit = METRICS[name.removeprefix("added_")]
    words = f"added {words}" if added else words
    return (f"{words} at {share}" if share else words), unit


def of_scenario(measured, concludes, folder, texts):
    """`folder`: of the run, which is nobody's business; `texts`: gets the configurations, key → text,
    since most scenarios have the same."""
    scenario = measured.scenario
    labels = [candidate.label for candidate in measured.candidates]
    return {
        "name": scenario.name,
        "what": scenario.what,
        "rounds": measured.rounds,
        "seconds": measured.seconds,
        "curve": scenario.curve,
        "metrics": list(scenario.shown),
        "candidates": {
            candidate.label: _candidate(candidate, measured, folder, texts)
            for candidate in measured.candidates
        },
        "skipped": measured.skipped,
        "ratios": list(_ratios(scenario, labels, measured)),
        "verdicts": [_verdict(judge(target, measured.samples, measured.errors, concludes))
                     for target in scenario.targets],
        "notes": measured.notes + list(_disturbed(measured)),
    }


def _candidate(candidate, measured, folder, texts):
    samples = measured.samples[candidate.label]
    return {
        "peer": candidate.peer,
        "x": candidate.x,
        "rounds": {metric: [round(value, 4) for value in values]
                   for metric, values in samples.items()},
        "medians": {metric: spread(values).median for metric, values in samples.items()},
        "errors": measured.errors[candidate.label],
        "configuration": {
            name: _place(texts, f"{candidate.peer}-{name}", text, folder)
            for name, text in measured.configurations.get(candidate.label, {}).items()
        },
    }


def _place(texts, name, text, folder):
    """Its key among the texts."""
    text = _shortened(re.sub(re.escape(str(folder)) + r"(/candidate-\d+)?", "$FOLDER", text))
    key = f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    texts[key] = text
    return key


def _shortened(text):
    if len(text) <= TEXT_MAX:
        return text
    return text[:TEXT_MAX] + f"\n… {len(text) - TEXT_MAX} more characters\n"


def _ratios(scenario, labels, measured):
    for of, against in scenario.pairs(labels) if len(labels) > 1 else ():
        if of not in labels or against not in labels:
            continue
        for metric in scenario.compared:
            own = measured.samples[of].get(metric, [])
            other = measured.samples[against].get(metric, [])
            values = paired(own, other) if len(own) == len(other) else []
            if values:
                yield {"metric": metric, "of": of, "against": against, **_numbers(spread(values))}


def _numbers(measured):
    return {name: round(getattr(measured, name), 4)
            for name in ("median", "low", "high", "median_from", "median_to")}


def _verdict(verdict):
    return {
        "target": verdict.target.sentence(),
        "metric": verdict.target.metric,
        "candidate": verdict.target.candidate,
        "against": verdict.target.against,
        "sense": verdict.target.sense,
        "limit": verdict.target.limit,
        "unit": verdict.target.unit,
        "verdict": verdict.word,
        "why": verdict.why,
        "measured": _numbers(verdict.measured) if verdict.measured else None,
    }


FOREIGN_MAX = 5  # per cent of the proxies' core


def _disturbed(measured):
    worst = max((spread(samples["foreign_core"]).median for samples in measured.samples.values()
                 if samples.get("foreign_core")), default=0)
    if worst > FOREIGN_MAX:
        yield (f"others used {worst:.0f} % of the proxies' core: run it when the machine is quiet")


def dump(result):
    return json.dumps(result, indent=1, ensure_ascii=False) + "\n"


def load(text):
    result = json.loads(text)
    if result.get("format") != FORMAT:
        raise ValueError(f"format {result.get('format')} is not {FORMAT}, the one this reads")
    return result

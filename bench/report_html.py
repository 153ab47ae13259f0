"""A result as one page: tables, charts inside, what was measured with what."""

import json
from html import escape

import charts
from report_text import number, remarks, sentence
from results import title

STYLE = """
body { font-family: sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: .5rem 0 } td, th { padding: .2rem .7rem; text-align: right }
td:first-child, th:first-child { text-align: left } tr { border-bottom: 1px solid #ddd }
.met { color: #1b6e20 } .missed { color: #b00020 } .cannot { color: #8a5a00 }
pre { background: #f4f4f4; padding: .7rem; overflow: auto; max-height: 20rem } svg { max-width: 100% }
"""


def render(result):
    parts = [
        "<!doctype html>", '<html lang="en"><head><meta charset="utf-8">',
        f"<title>Smilax bench {escape(result['at'])}</title><style>{STYLE}</style></head><body>",
        f"<h1>Smilax bench, {escape(result['at'])}</h1>", *_head(result), *_targets(result),
        "<h2>Charts</h2>", *charts.of_result(result["scenarios"], title).values(),
        "<h2>Scenarios</h2>",
    ]
    for scenario in result["scenarios"]:
        parts += _scenario(scenario, result["configurations"])
    return "\n".join([*parts, "</body></html>", ""])


def _head(result):
    facts = {**result["machine"], "layout": result["layout"], "rounds": result["rounds"],
             "seconds of one": result["seconds"], **result["versions"]}
    yield "<table>"
    for name, value in facts.items():
        yield f"<tr><td>{escape(str(name))}</td><td>{escape(str(value))}</td></tr>"
    yield "</table>"
    for note in result["notes"]:
        yield f"<p>{escape(note)}</p>"


def _targets(result):
    yield "<h2>Targets</h2><ul>"
    for scenario in result["scenarios"]:
        for verdict in scenario["verdicts"]:
            kind = verdict["verdict"].split(" ")[0]
            yield (f'<li class="{kind}">{escape(scenario["name"])}:'
                   f" {escape(sentence(verdict))}</li>")
    yield "</ul>"


def _scenario(scenario, texts):
    yield f"<h3>{escape(scenario['name'])}</h3><p>{escape(scenario['what'])}</p><table><tr><th></th>"
    metrics = [metric for metric in scenario["metrics"] if any(
        metric in candidate["medians"] for candidate in scenario["candidates"].values())]
    for metric in metrics:
        yield f"<th>{escape(' '.join(title(metric)))}</th>"
    yield "</tr>"
    for label, candidate in scenario["candidates"].items():
        cells = "".join(f"<td>{number(candidate['medians'].get(metric))}</td>" for metric in metrics)
        yield f"<tr><td>{escape(label)}</td>{cells}</tr>"
    yield "</table>"
    for words in remarks(scenario):
        yield f"<p>{escape(words)}</p>"
    for label, candidate in scenario["candidates"].items():
        yield f"<details><summary>{escape(label)}: all rounds, configuration</summary>"
        yield f"<pre>{escape(json.dumps(candidate['rounds'], indent=1))}</pre>"
        for name, key in candidate["configuration"].items():
            yield f"<p>{escape(name)}</p><pre>{escape(texts[key])}</pre>"
        yield "</details>"

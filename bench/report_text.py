"""A result for a terminal."""

from results import title


def number(value):
    """Three digits that matter, thousands set apart."""
    if value is None:
        return "–"
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def render(result):
    lines = list(_head(result))
    for scenario in result["scenarios"]:
        lines += ["", *_scenario(scenario)]
    return "\n".join([*lines, "", *_summary(result), ""])


def _head(result):
    machine = result["machine"]
    virtual = ", virtual" if machine["is_virtual"] else ""
    yield (f"{machine['processor']}{virtual}, {machine['cores']} cores,"
           f" {machine['memory_gib']} GiB, Linux {machine['kernel']}; {result['layout']}")
    yield "; ".join(f"{name}: {text}" for name, text in result["versions"].items())
    yield (f"{result['rounds']} rounds of {result['seconds']:g} s where nothing else is said; numbers are medians, ratios are of"
           " pairs in one round: median [lowest – highest]")
    yield from result["notes"]


def _scenario(scenario):
    yield f"{scenario['name']}: {scenario['what']}"
    if scenario["candidates"]:
        yield from table(scenario)
    yield from _ratios(scenario)
    for remark in remarks(scenario):
        yield f"  {remark}"
    for verdict in scenario["verdicts"]:
        yield f"  {sentence(verdict)}"


ERRORS_SHOWN_MAX = 3  # of a candidate; JSON has all


def remarks(scenario):
    """What one has to know about its numbers: errors, who was not there, notes."""
    for label, candidate in scenario["candidates"].items():
        for error in candidate["errors"][:ERRORS_SHOWN_MAX]:
            yield f"ERRORS of {label}: {error}"
    for why in dict.fromkeys(scenario["skipped"].values()):
        labels = [label for label, other in scenario["skipped"].items() if other == why]
        yield f"without {', '.join(labels)}: {why}"
    for note in scenario["notes"]:
        yield f"note: {note}"


def _ratios(scenario):
    """One line for each metric of a candidate."""
    lines = {}
    for ratio in scenario["ratios"]:
        lines.setdefault((ratio["metric"], ratio["of"]), []).append(
            f"{ratio['median']:.2f} [{ratio['low']:.2f} – {ratio['high']:.2f}] × {ratio['against']}")
    for (metric, of), words in lines.items():
        yield f"  {title(metric)[0]}: {of} = {', '.join(words)}"


METRICS_BESIDE_MAX = 6


def table(scenario):
    """Only metrics that somebody has; a row per candidate, or per metric where they are many."""
    metrics = [metric for metric in scenario["metrics"] if any(
        metric in candidate["medians"] for candidate in scenario["candidates"].values())]
    rows = [["", *(f"{words} {unit}".strip() for words, unit in map(title, metrics))]]
    for label, candidate in scenario["candidates"].items():
        rows.append([label, *(number(candidate["medians"].get(metric)) for metric in metrics)])
    if len(metrics) > METRICS_BESIDE_MAX:
        rows = list(zip(*rows, strict=True))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in
                                            zip(row[1:], widths[1:], strict=True))]
        yield "  " + "  ".join(cells).rstrip()


def sentence(verdict):
    words, _ = title(verdict["metric"])
    against = f" × {verdict['against']}" if verdict["against"] else f" {verdict['unit']}"
    made = (f"{verdict['verdict'].upper()}: {words} of {verdict['candidate']}"
            f" {verdict['sense']} {verdict['limit']:g}{against}")
    if verdict["measured"]:
        measured = verdict["measured"]
        made += (f"; measured {number(measured['median'])}"
                 f" [{number(measured['low'])} – {number(measured['high'])}], median within"
                 f" [{number(measured['median_from'])} – {number(measured['median_to'])}]")
    return made + (f"; {verdict['why']}" if verdict["why"] else "")


def _summary(result):
    verdicts = [(scenario["name"], verdict) for scenario in result["scenarios"]
                for verdict in scenario["verdicts"]]
    if not verdicts:
        return
    yield "Targets:"
    for name, verdict in verdicts:
        yield f"  {name}: {sentence(verdict)}"

"""Charts as SVG, by hand: bars of ratios, curves of growth, a list of targets. Text in, text out.
They have a background of their own, since the pages that show them may be dark."""

import math
from html import escape

WIDTH = 840
LABEL_WIDTH = 370  # at most
CHARACTER = 6.6  # about as wide, at the size of most text
ROW = 16
GAP = 10
RIGHT = 130  # at least, for the numbers beside the bars: nothing runs through them
COLOURS = {"haproxy": "#c2571a", "nginx": "#2e7d32", "envoy": "#6a3fa0", "direct": "#8a8a8a"}
OTHER_COLOUR = "#1f5fa8"
MORE_IS_BETTER = ("gb_per_core_second",)
RATIO_MAX = 2.0  # bars end there, their numbers do not
TARGET_COLOUR = "#b00020"
VERDICT_COLOURS = {"met": "#1b6e20", "missed": TARGET_COLOUR}
UNDECIDED_COLOUR = "#8a5a00"
TARGETS = "targets.svg"


def _text(x, y, words, *, anchor="start", size=12, fill="#222222"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
            f' fill="{fill}">{escape(str(words))}</text>')


def _line(x1, y1, x2, y2, colour="#999999", width=1.0, dash=""):
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
            f' stroke="{colour}" stroke-width="{width}"{dashed}/>')


def _frame(height, title, body):
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}"'
        f' viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif" role="img"'
        f' aria-label="{escape(title, quote=True)}">',
        f'<rect width="{WIDTH}" height="{height:.0f}" rx="6" fill="#ffffff"/>',
        _text(12, 22, title, size=15),
        *body,
        "</svg>",
        "",
    ])


def bars(title, rows):
    """`rows`: (words, [(ratio, its limit or None), …]); a ratio as results.py has it. The line is 1:
    as much as the other; the whisker reaches from the lowest to the highest round."""
    longest = max((len(words) for words, _ in rows), default=0)
    left = min(LABEL_WIDTH, 20 + CHARACTER * longest)
    numbers = max((len(_number(ratio)) for _, ratios in rows for ratio, _ in ratios), default=0)
    right = WIDTH - max(RIGHT, 16 + CHARACTER * numbers)
    most = max((ratio["high"] for _, ratios in rows for ratio, _ in ratios), default=1.0)
    top = min(RATIO_MAX, max(1.2, most))

    def place(value):
        return left + (right - left) * min(max(value, 0.0), top) / top

    body, y = [], 44.0
    for words, ratios in rows:
        middle = y + ROW * len(ratios) / 2
        body.append(_text(left - 8, middle + 4, words, anchor="end"))
        for ratio, limit in ratios:
            body += _bar(ratio, place, left, right, y)
            if limit is not None:
                body.append(_line(place(limit), y, place(limit), y + ROW, TARGET_COLOUR, 3))
            y += ROW
        y += GAP
    body.append(_line(place(1.0), 36, place(1.0), y, dash="4 3"))
    body.append(_text(place(1.0), y + 14, "1.0 ×", anchor="middle", size=11))
    body.append(_text(12, y + 14, "thin: all rounds", size=11))
    if any(limit is not None for _, ratios in rows for _, limit in ratios):
        body.append(_text(112, y + 14, "red: the target", size=11, fill=TARGET_COLOUR))
    return _frame(y + 26, title, body)


def _bar(ratio, place, left, right, y):
    colour = COLOURS.get(ratio["against"].split(" ")[0], OTHER_COLOUR)
    middle = y + ROW / 2
    end = place(ratio["median"])
    yield (f'<rect x="{left:.1f}" y="{y + 2:.1f}" width="{max(end - left, 0.5):.1f}"'
           f' height="{ROW - 4}" fill="{colour}"/>')
    yield _line(place(ratio["low"]), middle, place(ratio["high"]), middle, "#222222")
    yield _text(right + 8, middle + 4, _number(ratio), size=11, fill=colour)


def _number(ratio):
    return f"{ratio['median']:.2f} × {ratio['against']}"


def curves(title, x_title, series):
    """`series`: (words, [(x, y), …]); x is logarithmic, y is relative to the first point."""
    left, right, top, bottom = 70, WIDTH - 190, 44, 270
    relative = [(words, [(x, y / points[0][1]) for x, y in points])
                for words, points in series if points and points[0][1] > 0]
    xs = [x for _, points in relative for x, _ in points]
    ys = [y for _, points in relative for _, y in points]
    if not xs:
        return _frame(60, title, [_text(12, 44, "nothing was measured")])
    low, high = math.log10(min(xs)), math.log10(max(xs))
    y_top = max(1.2, *ys) * 1.05

    def place(x, y):
        share = (math.log10(x) - low) / (high - low) if high > low else 0.5
        return left + (right - left) * share, bottom - (bottom - top) * y / y_top

    body = [_line(left, bottom, right, bottom), _line(left, top, left, bottom)]
    for x in sorted(set(xs)):
        across, _ = place(x, 0)
        body.append(_text(across, bottom + 16, f"{x:,.0f}", anchor="middle", size=11))
    for y in _ticks(y_top):
        _, down = place(xs[0], y)
        body.append(_line(left, down, right, down, "#e0e0e0"))
        body.append(_text(left - 6, down + 4, f"{y:g} ×", anchor="end", size=11))
    body.append(_text((left + right) / 2, bottom + 34, x_title, anchor="middle"))
    ends = _apart([place(*points[-1])[1] for _, points in relative])
    for (words, points), colour, end in zip(relative, _palette(), ends, strict=False):
        places = [place(x, y) for x, y in points]
        path = " ".join(f"{across:.1f},{down:.1f}" for across, down in places)
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        body += [f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3" fill="{colour}"/>'
                 for across, down in places]
        across, _ = places[-1]
        body.append(_text(across + 8, end + 4, f"{words} {points[-1][1]:.2f} ×", fill=colour))
    return _frame(bottom + 48, title, body)


def _apart(places):
    """The same heights, but no two closer than a row: words stand there."""
    made, last = list(places), -ROW
    for index in sorted(range(len(places)), key=places.__getitem__):
        made[index] = last = max(places[index], last + ROW)
    return made


def listed(title, verdicts):
    """`verdicts`: (scenario, the target in words, what was measured in words, verdict)."""
    body, y = [], 48.0
    for name, target, measured, word in verdicts:
        colour = VERDICT_COLOURS.get(word, UNDECIDED_COLOUR)
        body.append(f'<rect x="12" y="{y - 10:.1f}" width="10" height="10" rx="2" fill="{colour}"/>')
        body.append(_text(30, y, name))
        body.append(_text(200, y, target))
        body.append(_text(620, y, measured))
        body.append(_text(WIDTH - 12, y, word, anchor="end", fill=colour))
        y += ROW + 4
    return _frame(y, title, body)


def _ticks(top):
    """At most six round numbers from 0."""
    step = 10 ** math.floor(math.log10(top))
    while top / step < 3:
        step /= 2
    return [step * number for number in range(int(top / step) + 1)]


def _palette():
    return [OTHER_COLOUR, *COLOURS.values()]


# ---- of a result ---------------------------------------------------------------------------------


def of_result(scenarios, title_of):
    """file name → SVG of scenarios as results.py has them; `title_of` names a metric."""
    made, groups = {}, {}
    for scenario in scenarios:
        if scenario["curve"]:
            made[scenario["name"].replace("/", "-") + ".svg"] = _curve_of(scenario, title_of)
        elif scenario["ratios"]:
            is_latency = scenario["name"].endswith("/latency")
            group = scenario["name"].replace("/", "-") if is_latency else (
                scenario["name"].split("/")[0])
            groups.setdefault(group, []).extend(_rows_of(scenario, title_of))
    for group, rows in groups.items():
        made[f"{group}.svg"] = bars(f"{group}: relative to the others; shorter is better", rows)
    verdicts = [_listed_of(scenario["name"], verdict, title_of)
                for scenario in scenarios for verdict in scenario["verdicts"]]
    if verdicts:
        made[TARGETS] = listed(
            "targets, and what was measured last: median [where it lies, with 85 % confidence or more]",
            verdicts)
    return made


def _listed_of(name, verdict, title_of):
    sense = {"<=": "≤", ">=": "≥"}[verdict["sense"]]
    what = f"× {verdict['against']}" if verdict["against"] else verdict["unit"]
    target = (f"{title_of(verdict['metric'])[0]} of {verdict['candidate']}"
              f" {sense} {verdict['limit']:g} {what}")
    measured = verdict["measured"]
    words = (f"{measured['median']:.2f} [{measured['median_from']:.2f} – {measured['median_to']:.2f}]"
             if measured else "–")
    return name, target, words, verdict["verdict"]


def _rows_of(scenario, title_of):
    limits = {(verdict["metric"], verdict["candidate"], verdict["against"]): verdict["limit"]
              for verdict in scenario["verdicts"]}
    wanted = {}
    for ratio in scenario["ratios"]:
        wanted.setdefault((ratio["metric"], ratio["of"]), []).append(ratio)
    for (metric, of), ratios in wanted.items():
        words = f"{scenario['name'].split('/')[-1]}: {title_of(metric)[0]}"
        if not of.startswith("smilax") or " " in of:
            words += f", {of}"
        if metric in MORE_IS_BETTER:
            words += " (more is better)"
        yield words, [(ratio, limits.get((metric, of, ratio["against"]))) for ratio in ratios]


def _curve_of(scenario, title_of):
    series = []
    for metric in dict.fromkeys(ratio["metric"] for ratio in scenario["ratios"]):
        points = [(candidate["x"], candidate["medians"][metric])
                  for candidate in scenario["candidates"].values()
                  if candidate["x"] is not None and metric in candidate["medians"]]
        series.append((title_of(metric)[0], sorted(points)))
    return curves(scenario["what"], scenario["curve"], series)

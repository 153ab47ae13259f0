"""Charts as SVG, by hand: bars of ratios, curves of growth. Text in, text out."""

import math
from html import escape

WIDTH = 840
LABEL_WIDTH = 370
ROW = 16
GAP = 10
RIGHT = 60
COLOURS = {"haproxy": "#c2571a", "nginx": "#2e7d32", "envoy": "#6a3fa0", "direct": "#8a8a8a"}
OTHER_COLOUR = "#1f5fa8"
MORE_IS_BETTER = ("gb_per_core_second",)
RATIO_MAX = 2.0  # bars end there, their numbers do not


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
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>',
        _text(12, 22, title, size=15),
        *body,
        "</svg>",
        "",
    ])


def bars(title, rows):
    """`rows`: (words, [(ratio, its limit or None), …]); a ratio as results.py has it. The line is 1:
    as much as the other; the whisker reaches from the lowest to the highest round."""
    left, right = LABEL_WIDTH, WIDTH - RIGHT
    most = max((ratio["high"] for _, ratios in rows for ratio, _ in ratios), default=1.0)
    top = min(RATIO_MAX, max(1.2, most))

    def place(value):
        return left + (right - left) * min(max(value, 0.0), top) / top

    body, y = [], 44.0
    for words, ratios in rows:
        middle = y + ROW * len(ratios) / 2
        body.append(_text(left - 8, middle + 4, words, anchor="end"))
        for ratio, limit in ratios:
            body += _bar(ratio, place, left, y)
            if limit is not None:
                body.append(_line(place(limit), y, place(limit), y + ROW, "#b00020", 2))
            y += ROW
        y += GAP
    body.append(_line(place(1.0), 36, place(1.0), y, dash="4 3"))
    body.append(_text(place(1.0), y + 14, "1.0 ×", anchor="middle", size=11))
    body.append(_text(12, y + 14, "red: the target", size=11, fill="#b00020"))
    return _frame(y + 26, title, body)


def _bar(ratio, place, left, y):
    colour = COLOURS.get(ratio["against"].split(" ")[0], OTHER_COLOUR)
    middle = y + ROW / 2
    end = place(ratio["median"])
    yield (f'<rect x="{left}" y="{y + 2:.1f}" width="{max(end - left, 0.5):.1f}"'
           f' height="{ROW - 4}" fill="{colour}"/>')
    yield _line(place(ratio["low"]), middle, place(ratio["high"]), middle, "#222222")
    words = f"{ratio['median']:.2f} × {ratio['against']}"
    # Beside the whisker where there is room for it, else on the bar.
    after = place(ratio["high"]) + 6
    if after < WIDTH - 130:
        yield _text(after, middle + 4, words, size=11)
    else:
        yield _text(left + 6, middle + 4, words, size=11, fill="#ffffff")


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
    for (words, points), colour in zip(relative, _palette(), strict=False):
        places = [place(x, y) for x, y in points]
        path = " ".join(f"{across:.1f},{down:.1f}" for across, down in places)
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        body += [f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3" fill="{colour}"/>'
                 for across, down in places]
        across, down = places[-1]
        body.append(_text(across + 8, down + 4, f"{words} {points[-1][1]:.2f} ×", fill=colour))
    return _frame(bottom + 48, title, body)


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
        made[f"{group}.svg"] = bars(f"{group}: shorter is better", rows)
    return made


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

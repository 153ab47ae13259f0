"""Results that are kept: a JSON file per run, and the page and charts of the newest of each scenario."""

import os
import pathlib

import charts
import results
from report_text import remarks, sentence, table

FOLDER = pathlib.Path(__file__).resolve().parent / "results"


def keep(result, folder=FOLDER):
    """Writes it, draws the charts and the page anew; the path of the file."""
    file = write(result, folder)
    draw(folder)
    return file


def write(result, folder=FOLDER):
    """The JSON file of a run, which replaces what was written of the same run before; its path."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stamp = result["at"].replace(":", "").replace("+0000", "")
    file = folder / f"{stamp}-{result['versions']['commit'].rstrip('+')}.json"
    _replace(file, results.dump(result))
    return file


def _replace(file, text):
    """All of it or nothing: a full disk or a sudden end leaves what was there before."""
    draft = file.with_name(file.name + ".draft")
    try:
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def read(folder):
    """What lies there: file name → result."""
    found = {}
    for file in sorted(pathlib.Path(folder).glob("*.json")):
        try:
            found[file.name] = results.load(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{file}: {error}; it can be kept elsewhere") from error
    return found


def draw(folder):
    """Charts and page, from all the results that lie there."""
    folder = pathlib.Path(folder)
    found = read(folder)
    newest = {}  # scenario → (its data, file, run)
    for name, run in sorted(found.items(), key=lambda pair: pair[1]["at"]):
        for scenario in run["scenarios"]:
            newest[scenario["name"]] = (scenario, name, run)
    drawn = charts.of_result([scenario for scenario, _, _ in newest.values()], results.title)
    for file in folder.glob("*.svg"):
        if file.name not in drawn:
            file.unlink()
    for name, text in drawn.items():
        _replace(folder / name, text)
    _replace(folder / "README.md", page(newest, sorted(drawn)))


def page(newest, drawn):
    lines = [
        "# Results", "",
        "Made by `./run bench … --keep`; the newest of each scenario. Ratios are medians of pairs"
        " measured in one round, whiskers all rounds. How they are measured:"
        " [../README.md](../README.md).", "",
        "| scenario | target | verdict |", "|---|---|---|",
    ]
    for name, (scenario, _, _) in newest.items():
        for verdict in scenario["verdicts"]:
            word, _, rest = sentence(verdict).partition(": ")
            lines.append(f"| {name} | {rest} | {word.lower()} |")
    # The targets stand above, as text: their chart is for pages that show nothing else.
    lines += ["", *(f"![{name.removesuffix('.svg')}]({name})\n" for name in drawn
                    if name != charts.TARGETS)]
    for name, (scenario, file, run) in newest.items():
        machine = run["machine"]
        lines += [f"## {name}", "", scenario["what"] + ".", "", "```", *table(scenario), "```", "",
                  *(f"* {remark}" for remark in remarks(scenario)), "",
                  f"[{file}]({file}): {machine['processor']}, {machine['cores']} cores, Linux"
                  f" {machine['kernel']}; {scenario['rounds']} rounds of {scenario['seconds']:g} s.", ""]
    return "\n".join(lines)

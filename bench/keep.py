"""Results that are kept: a JSON file per run, and the page and charts of the newest of each scenario."""

import pathlib

import charts
import results
from report_text import remarks, sentence, table

FOLDER = pathlib.Path(__file__).resolve().parent / "results"


def keep(result, folder=FOLDER):
    """Writes it, draws the charts and the page anew; the path of the file."""
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    stamp = result["at"].replace(":", "").replace("+0000", "")
    file = folder / f"{stamp}-{result['versions']['commit'].rstrip('+')}.json"
    file.write_text(results.dump(result), encoding="utf-8")
    draw(folder)
    return file


def draw(folder):
    """Charts and page, from all the results that lie there."""
    found = {file.name: results.load(file.read_text(encoding="utf-8"))
             for file in sorted(folder.glob("*.json"))}
    newest = {}  # scenario → (its data, file, run)
    for name, run in sorted(found.items(), key=lambda pair: pair[1]["at"]):
        for scenario in run["scenarios"]:
            newest[scenario["name"]] = (scenario, name, run)
    drawn = charts.of_result([scenario for scenario, _, _ in newest.values()], results.title)
    for file in folder.glob("*.svg"):
        if file.name not in drawn:
            file.unlink()
    for name, text in drawn.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "README.md").write_text(page(newest, sorted(drawn)), encoding="utf-8")


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
    lines += ["", *(f"![{name.removesuffix('.svg')}]({name})\n" for name in drawn)]
    for name, (scenario, file, run) in newest.items():
        machine = run["machine"]
        lines += [f"## {name}", "", scenario["what"] + ".", "", "```", *table(scenario), "```", "",
                  *(f"* {remark}" for remark in remarks(scenario)), "",
                  f"[{file}]({file}): {machine['processor']}, {machine['cores']} cores, Linux"
                  f" {machine['kernel']}; {run['rounds']} rounds of {run['seconds']:g} s.", ""]
    return "\n".join(lines)

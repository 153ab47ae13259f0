"""Numbers of rounds: medians, paired ratios, and what may be concluded from them. No I/O."""

import dataclasses
import math
import statistics

ROUNDS_MIN = 7  # fewer show how it goes and conclude nothing
CONFIDENCE_MIN = 0.85  # that a median lies where we say

MET = "met"
MISSED = "missed"
CANNOT_SAY = "cannot say"


@dataclasses.dataclass(frozen=True)
class Spread:
    """Several rounds of one number."""

    median: float
    low: float
    high: float
    # Where the median of endless rounds lies, with CONFIDENCE_MIN or more from four rounds on.
    median_from: float
    median_to: float


def spread(values):
    values = sorted(values)
    beyond = rounds_beyond(len(values))
    return Spread(statistics.median(values), values[0], values[-1],
                  values[beyond], values[-1 - beyond])


def rounds_beyond(count):
    """How many of `count` rounds are left out on either side of the interval that holds the median:
    each round is above or below it by the toss of a coin, whatever the numbers' distribution. Of 7
    rounds one, of 21 six: more rounds make it narrower, as they never make the spread."""
    beyond, confidence = 0, 1 - 2 / 2**count
    while True:
        confidence -= 2 * math.comb(count, beyond + 1) / 2**count
        if confidence < CONFIDENCE_MIN:
            return beyond
        beyond += 1


def paired(values, against):
    """The ratio of each round. Only numbers of the same round compare: the machine drifts."""
    return [a / b for a, b in zip(values, against, strict=True) if b > 0]


@dataclasses.dataclass(frozen=True)
class Target:
    """What must hold: the ratio of a metric of `candidate` to one of `against` (by default the same
    metric), or the metric itself where `against` is absent."""

    metric: str
    candidate: str
    sense: str  # "<=" or ">="
    limit: float
    against: str | None = None
    against_metric: str | None = None
    unit: str = ""  # of the limit, where it is no ratio

    def __post_init__(self):
        assert self.sense in ("<=", ">="), self.sense

    def sentence(self):
        what = f"{self.metric} of {self.candidate}"
        if self.against is None:
            return f"{what} {self.sense} {self.limit:g} {self.unit}".rstrip()
        other = self.against
        if self.against_metric not in (None, self.metric):
            other = f"{self.against_metric} of {self.against}"
        return f"{what} {self.sense} {self.limit:g} × {other}"

    def holds(self, value):
        return value <= self.limit if self.sense == "<=" else value >= self.limit


@dataclasses.dataclass(frozen=True)
class Verdict:
    target: Target
    word: str
    why: str
    measured: Spread | None = None  # of the ratios, or of the metric itself


def judge(target, samples, errors, concludes=True):
    """`samples`: candidate → metric → one number per round; `errors`: candidate → sentences;
    `concludes`: false for a run that was only to show that it goes."""
    concerned = [name for name in (target.candidate, target.against) if name is not None]
    absent = [name for name in concerned if name not in samples]
    if absent:
        return Verdict(target, CANNOT_SAY, f"{' and '.join(absent)} did not run")
    own = samples[target.candidate].get(target.metric, [])
    values = own
    if target.against is not None:
        other = samples[target.against].get(target.against_metric or target.metric, [])
        values = paired(own, other) if len(own) == len(other) else []
    measured = spread(values) if values else None
    failed = [f"{name}: {errors[name][0]}" for name in concerned if errors.get(name)]
    if failed:
        return Verdict(target, CANNOT_SAY, f"there were errors ({'; '.join(failed)})", measured)
    if measured is None:
        return Verdict(target, CANNOT_SAY, f"{target.metric} was not measured")
    doubt = _doubt(target, len(values), measured, concludes)
    if doubt:
        return Verdict(target, CANNOT_SAY, doubt, measured)
    return Verdict(target, MET if target.holds(measured.median) else MISSED, "", measured)


def _doubt(target, rounds, measured, concludes):
    """Why nothing follows from these rounds, or an empty string."""
    if not concludes:
        return "a quick run never concludes"
    if rounds < ROUNDS_MIN:
        return f"only {rounds} rounds, {ROUNDS_MIN} are needed"
    if target.holds(measured.median_from) != target.holds(measured.median_to):
        return (f"too wide to conclude: the median lies between {measured.median_from:.4g} and"
                f" {measured.median_to:.4g}, on either side of the target")
    return ""

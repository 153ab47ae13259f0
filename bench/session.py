"""A run of several scenarios: what has ended stays, whatever becomes of the others."""

import traceback

from rounds import FAILURES


class Session:
    """`frame`: a result without scenarios, as results.py has it; `save`: gets it whenever a scenario
    has ended, since a run takes an hour and may be cut at any time; `progress`: is told."""

    def __init__(self, frame, save, progress):
        self.result = frame
        self.has_failed = False  # something was raised, by a scenario or by `save`
        self._save = save
        self._progress = progress
        self._notes = list(frame["notes"])  # those that stay
        self._current = None
        self._left = []

    def run(self, chosen, measure):
        """`measure`: makes of a scenario what the result holds of it."""
        self._left = [scenario.name for scenario in chosen]
        for scenario in chosen:
            self._current = self._left.pop(0)
            try:
                ended = measure(scenario)
            except Exception as error:  # a bug of one must not cost us the others
                self._raised(error)
            else:
                self.result["scenarios"].append(ended)
            name, self._current = self._current, None
            self._keep(f"unfinished: {', '.join(self._left)} had not begun" if self._left else "")
            self._progress.end(name)

    def interrupt(self):
        """It goes no further: what was being measured is left out, and named."""
        said = ["interrupted"]
        if self._current:
            said.append(f"{self._current} was cut and is left out")
        if self._left:
            said.append(f"not begun: {', '.join(self._left)}")
        sentence = "; ".join(said)
        self._progress.tell(sentence)
        self._keep(sentence)

    def _raised(self, error):
        self.has_failed = True
        if not isinstance(error, FAILURES):  # ours: say where
            self._progress.tell(traceback.format_exc())
        sentence = f"{self._current} failed and is left out: {error or type(error).__name__}"
        self._progress.tell(sentence)
        self._notes.append(sentence)

    def _keep(self, note):
        self.result["notes"] = [*self._notes, *([note] if note else [])]
        if not self.result["scenarios"]:
            return
        try:
            self._save(self.result)
        except OSError as error:
            # The disk may have room again after the next one, and the end prints it all.
            self.has_failed = True
            self._progress.tell(f"not kept so far: {error}")

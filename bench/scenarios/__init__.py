"""All scenarios, in the order in which they run. A new one is a generator in a module beside this
and, for a new module, a row here."""

import fnmatch

from scenarios import bulk, connections, disturbance, growth, keep_alive, latency, memory

MODULES = (keep_alive, latency, connections, bulk, memory, growth, disturbance)
SCENARIOS = {made.name: made for module in MODULES for made in module.scenarios()}
SMALLEST = "plaintext/keep-alive-50"
ALL = "all"


def choose(words):
    """The scenarios that words name: whole names, what stands before the slash, patterns, `all`.
    Without words those that have targets. A word that names none is a ValueError."""
    if not words:
        return [made for made in SCENARIOS.values() if made.targets]
    chosen = set()
    for word in words:
        found = [name for name in SCENARIOS
                 if word == ALL or name.startswith(word + "/") or fnmatch.fnmatchcase(name, word)]
        if not found:
            raise ValueError(f"no scenario is called {word}; ./run bench --list shows them")
        chosen.update(found)
    return [made for name, made in SCENARIOS.items() if name in chosen]

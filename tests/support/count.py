"""Counts what pytest wrote, for ./run: prints "passed failed skipped" of a JUnit XML file.

    count.py REPORT FAILURES        what failed is added to the second, see failures.py
"""

import sys
import xml.etree.ElementTree

import failures


def what_failed(case):
    """(name as pytest takes it, where and why)"""
    found = case.find("failure")
    found = case.find("error") if found is None else found
    file = case.get("classname", "").replace(".", "/")  # below tests/, where pytest.ini is
    name = f"tests/{file}.py::{case.get('name')}" if file else case.get("name")
    # Its text is the whole traceback, which ends with the line that raised.
    last = (found.text or "").strip().rpartition("\n")[2]
    return name, "\n".join([last, found.get("message") or ""])


def main(file, failures_file):
    passed = skipped = 0
    failed = []
    for case in xml.etree.ElementTree.parse(file).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(what_failed(case))
        elif case.find("skipped") is not None:
            skipped += 1
            print(f"SKIPPED: {case.get('name')}: {case.find('skipped').get('message')}",
                  file=sys.stderr)
        else:
            passed += 1
    failures.add(failures_file, failed)
    print(passed, len(failed), skipped)


if __name__ == "__main__":
    main(*sys.argv[1:])

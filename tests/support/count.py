"""Counts what pytest wrote, for ./run: prints "passed failed skipped" of a JUnit XML file."""

import sys
import xml.etree.ElementTree


def main(file):
    passed = failed = skipped = 0
    for case in xml.etree.ElementTree.parse(file).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
            print(f"SKIPPED: {case.get('name')}: {case.find('skipped').get('message')}",
                  file=sys.stderr)
        else:
            passed += 1
    print(passed, failed, skipped)


if __name__ == "__main__":
    main(sys.argv[1])

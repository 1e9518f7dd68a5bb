# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Runs the tests of the command line: run.py AGENTRUN [NAME...]

AGENTRUN is the program; NAME is a subject (test_NAME.py here); default: all."""
import pathlib
import sys
import unittest

import harness

HERE = pathlib.Path(__file__).resolve().parent


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    harness.AGENTRUN = str(pathlib.Path(sys.argv[1]).resolve())
    sys.path.insert(0, str(HERE))
    names = ["test_" + name for name in sys.argv[2:]] or sorted(
        path.stem for path in HERE.glob("test_*.py"))
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)


if __name__ == "__main__":
    main()

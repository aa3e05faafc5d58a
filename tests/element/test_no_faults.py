# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults on demand are the tests' alone: test_no_faults.py FALLIBLE_PLUGIN INSTALLED_PLUGIN"""

import sys


def mentions(path):
    with open(path, "rb") as file:
        return b"HRNET_FAULT" in file.read()


def main():
    fallible, installed = sys.argv[1:]
    print("1..2")
    print(f"{'ok' if mentions(fallible) else 'not ok'} 1 - the tests' plugin obeys HRNET_FAULT")
    print(f"{'not ok' if mentions(installed) else 'ok'} 2 - the plugin that is installed does not")


main()

"""``doorstep check``: what is not yet fit for production, one line each, with what to do."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from django.db import OperationalError

from doorstep.site import fitness_data, fitness_machine
from doorstep.site.found import Finding, Level, bad


def findings(options: argparse.Namespace) -> list[Finding]:
    """All that was looked at, in the order of the checks."""
    found = [each for check in fitness_machine.CHECKS for each in check(options)]
    try:
        found += [each for check in fitness_data.CHECKS for each in check(options)]
    except OperationalError:  # its words may hold the address and the role
        found.append(bad("database", "数据库连接不上", "the database cannot be reached",
                         "检查地址、密码和网络", "Look at address, password and network"))  # fmt: skip
    return found


def run(options: argparse.Namespace) -> int:
    """Print what was found; 0 where nothing is grave, else 1."""
    found = findings(options)
    grave = any(each.level is Level.BAD for each in found)
    if options.json:
        sys.stdout.write(json.dumps({"fit": not grave, "findings": [asdict(f) for f in found]}, ensure_ascii=False))
        sys.stdout.write("\n")
    else:
        for each in found:
            sys.stdout.write(f"{each.line}\n")
    return int(grave)

#!/bin/sh
# Locks requirements/: newest allowed versions, hashed, for every supported Python, naming no index.
set -eu
cd "$(dirname "$0")/.."
lock() { uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header --no-annotate --no-strip-extras "$@"; }
lock pyproject.toml -o requirements/run.txt
lock pyproject.toml --group test --group check --group build -c requirements/run.txt -o requirements/dev.txt
lock requirements/node.in -o requirements/node.txt

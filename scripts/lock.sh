#!/bin/sh
# Write requirements/*.txt anew from pyproject.toml. Needs uv (pip install uv).
set -eu
cd "$(dirname "$0")/.."
compile() {
    uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate --quiet "$@"
}
compile -o requirements/run.txt
compile --extra dev -c requirements/run.txt -o requirements/dev.txt

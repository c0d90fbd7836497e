#!/bin/sh
# Servers of the Model Context Protocol by others, for tests: install_test_servers.sh FOLDER PYTHON.
# Python's in environments of their own, Node's in one folder. What cannot be had (no network, no
# Node.js) is told of, and the tests that need it skip.
set -u

folder="$1"
python="$2"
npm_packages="@modelcontextprotocol/server-filesystem@2026.8.31 @modelcontextprotocol/server-everything@2026.8.31"
mkdir -p "$folder"

for package in mcp-server-time==2026.10.19 "light-obsidian-mcp==0.4.0 mcp<2"; do
    name="${package%%==*}"
    [ -x "$folder/$name/bin/$name" ] && continue
    echo "Installing $name for the tests …"
    # shellcheck disable=SC2086
    { "$python" -m venv "$folder/$name" &&
        "$folder/$name/bin/python" -m pip --disable-pip-version-check install --quiet $package; } >/dev/null 2>&1 ||
        { rm -rf "${folder:?}/$name"; echo "could not install $name: its tests will be skipped"; }
done

if ! command -v npm >/dev/null 2>&1; then
    echo "no npm here: the tests of Node's servers will be skipped"
elif [ ! -d "$folder/node/node_modules/@modelcontextprotocol/server-everything" ]; then
    echo "Installing Node's servers for the tests …"
    # shellcheck disable=SC2086
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder/node" $npm_packages >/dev/null 2>&1 ||
        { rm -rf "${folder:?}/node"; echo "could not install Node's servers: their tests will be skipped"; }
fi
exit 0

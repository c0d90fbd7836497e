#!/bin/bash
# Moshi on this machine's NVIDIA card, in the published dimensions with random weights: nothing is
# downloaded. In eight minutes at most: bf16, int8 and int4, each with CUDA graphs and without, ours
# and upstream's own loop in turns; prompts prefilled and put back; a new window of a conversation
# (a swap) beside whole frames; memory by context. What is most wanted comes first, and what there
# is no time for any more is left out and said so.
#
#   scripts/bench_cuda.sh [FOLDER]     tables and JSON go to FOLDER (default: bench-cuda)
#
# LIMIT=480 seconds, DIMS=7b, DEVICE=cuda, FRAMES=60, PYTHON=python. Without a card, to see that the
# script itself works: DIMS=tiny DEVICE=cpu FRAMES=4 scripts/bench_cuda.sh
set -u
cd "$(dirname "$0")/.." || exit 1
folder=${1:-bench-cuda}
limit=${LIMIT:-480}
dims=${DIMS:-7b}
device=${DEVICE:-cuda}
frames=${FRAMES:-60}
if [ -z "${PYTHON:-}" ]; then
    PYTHON=python
    [ -x .venv/bin/python ] && PYTHON=.venv/bin/python
fi
mkdir -p "$folder" || exit 1
began=$(date +%s)

left() { echo $((limit - $(date +%s) + began)); }

# run NAME SECONDS ARGUMENTS...: one configuration, if so many seconds are left for it.
run() {
    local name=$1 wanted=$2
    shift 2
    if [ "$(left)" -lt "$wanted" ]; then
        echo "$name: left out, $(left) s are left of $limit"
        return
    fi
    echo "== $name"
    timeout --signal=INT --kill-after=10 "$(left)" "$PYTHON" -m assistant bench moshi \
        --framework torch --device "$device" --dims "$dims" --json "$@" \
        >"$folder/$name.json" 2>"$folder/$name.log"
    local code=$?
    if [ $code -ne 0 ]; then
        echo "$name: ended with code $code; the last lines of $folder/$name.log:"
        tail -n 3 "$folder/$name.log"
        return
    fi
    "$PYTHON" scripts/bench_table.py "$folder/$name.json" | tee "$folder/$name.md"
}

command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
# With graphs and without, where there are any: two columns a run.
run int8 60 --quantize int8 --frames "$frames"
run bf16 60 --quantize none --frames "$frames"
run int4 60 --quantize int4 --frames "$frames"
# Memory by context needs no frames to speak of.
run context 45 --quantize int8 --frames 2 --eager --context 60,120,480
echo "$(($(date +%s) - began)) s of $limit; all of it lies in $folder"

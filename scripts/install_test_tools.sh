#!/bin/sh
# What some tests need on Debian and Ubuntu: a virtual sound card, a terminal, a voice, a browser,
# the Opus codec, and strace, by which a program is killed at a system call. Elsewhere, or without the rights, those tests are
# skipped and say so.
set -u

packages="pulseaudio pulseaudio-utils espeak-ng sox tmux strace chromium libopus0"
missing=""
for pair in pulseaudio:pulseaudio pactl:pulseaudio-utils espeak-ng:espeak-ng sox:sox tmux:tmux \
    strace:strace chromium:chromium; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
ldconfig -p 2>/dev/null | grep -q 'libopus\.so' || missing="$missing libopus0"
[ -z "$missing" ] && exit 0

if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "Installing$missing for the tests …"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { apt-get install -y -qq --no-install-recommends $missing ||
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; }; } >/dev/null 2>&1 ||
        echo "could not install$missing: the tests that need it will be skipped"
else
    echo "Some tests need: $packages (missing:$missing)"
fi
exit 0

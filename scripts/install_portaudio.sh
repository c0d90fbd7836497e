#!/bin/sh
# PortAudio, the library between Python and the sound card. Without it the assistant still runs, in
# writing, and says so. Never asks for a password: where one would be needed, it says what to type.
set -u

case "$(uname -s)" in
Darwin) exit 0 ;; # the sounddevice wheel brings its own
Linux) ;;
*) exit 0 ;;
esac

if ldconfig -p 2>/dev/null | grep -q libportaudio.so.2 || /sbin/ldconfig -p 2>/dev/null | grep -q libportaudio.so.2; then
    exit 0
fi

install() { # as root, or with a sudo that asks nothing
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

if command -v apt-get >/dev/null 2>&1; then
    hint="sudo apt-get install libportaudio2"
    echo "Installing PortAudio (libportaudio2) …"
    { install apt-get install -y -qq --no-install-recommends libportaudio2 ||
        { install apt-get update -qq && install apt-get install -y -qq --no-install-recommends libportaudio2; }; } >/dev/null 2>&1
elif command -v dnf >/dev/null 2>&1; then
    hint="sudo dnf install portaudio"
    install dnf install -y -q portaudio >/dev/null 2>&1
elif command -v pacman >/dev/null 2>&1; then
    hint="sudo pacman -S portaudio"
    install pacman -S --noconfirm --quiet portaudio >/dev/null 2>&1
else
    hint="install PortAudio with your system's package manager"
    false
fi || {
    echo "PortAudio could not be installed. For sound, type:  $hint"
}
exit 0

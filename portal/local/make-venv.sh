#!/bin/sh
# make-venv.sh REQUIREMENTS: make .venv in the checkout and install into it. Whatever goes wrong is one clear line.
set -eu

die() {
    echo "patchbay: $1" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in python3.11 python3 python3.12 python3.13 python3.14; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    die "Python 3.11 or newer is needed, and there is none on PATH (Debian: apt-get install python3 python3-venv)"
}

can_make_venv() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

# Debian's bare python3 lacks what makes virtual environments; root may have it installed.
install_venv() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 0
    echo "Installing Debian's python3-venv"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; } >"$log" 2>&1 || true
}

why() {
    free=$(df -Pk . | awk 'NR == 2 { print $4 }')
    if [ "$free" -lt 1024 ] || grep -qE 'No space left on device|Errno 28|Disk quota exceeded' "$1"; then
        echo "the disk is full"
    else
        grep -vE '^(WARNING|\[notice\])' "$1" | grep -E 'ERROR|Error' | tail -n 1 || tail -n 1 "$1"
    fi
}

requirements=$1
[ -w . ] || die "the directory $(pwd) is not writable"
log=$(mktemp 2>/dev/null) || die "no temporary file could be made: the disk is full, or ${TMPDIR:-/tmp} is not writable"
trap 'rm -f "$log"' EXIT

if ! { is_new_enough .venv/bin/python && .venv/bin/python -c 'import pip' 2>/dev/null; }; then
    python=$(find_python)
    can_make_venv "$python" || install_venv
    can_make_venv "$python" || die "$python cannot make a virtual environment (Debian: apt-get install python3-venv)"
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv >"$log" 2>&1 || die "no virtual environment in .venv: $(why "$log")"
fi

echo "Installing $requirements"
.venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check -r "$requirements" >"$log" 2>&1 ||
    die "$requirements could not be installed: $(why "$log")"

#!/bin/sh
# Chromium for the browser tests: the system's, else Debian's package when we may install it, else one loud line.
set -eu

command -v chromium >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Debian's chromium for the browser tests"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -qq --no-install-recommends chromium; } >/dev/null 2>&1 || true
fi
command -v chromium >/dev/null || echo '!!! NO CHROMIUM: THE BROWSER TESTS WILL BE SKIPPED !!!' >&2

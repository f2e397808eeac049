# Sourced by the other scripts: how they speak, and how they know a Debian machine.

say() { printf '· %s\n' "$*"; }

# A plain sentence of what is missing, what to do about it, and out.
stop() {
    printf '✗ %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}

# quietly COMMAND...: what it prints is shown only if it fails.
quietly() {
    local report
    report=$(mktemp)
    if "$@" >"$report" 2>&1 </dev/null; then
        rm -f "$report"
    else
        cat "$report" >&2
        rm -f "$report"
        return 1
    fi
}

# Colours are for people who look at a terminal.
[ -t 1 ] || export NO_COLOR=1

have() { command -v "$1" >/dev/null 2>&1; }

on_debian() { [ -e /etc/debian_version ] && have apt-get; }

digest() { if have sha256sum; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

# Two runs of make in one tree wait for each other where the system has flock.
alone() { if have flock; then exec 9>"$1" && flock 9; fi; }

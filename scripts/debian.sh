#!/usr/bin/env bash
# debian.sh COMMAND=PACKAGE... — installs from Debian the packages whose commands are missing; starts no daemon.
# `COMMAND` may also be `python:MODULE`. Elsewhere than on Debian it says what is missing and stops.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh

present() {
    case $1 in
        python:*) "${PYTHON:-python3}" -c "import ${1#python:}" >/dev/null 2>&1 ;;
        *) PATH="$PATH:/usr/sbin:/usr/local/sbin" have "$1" ;;
    esac
}

missing=()
for pair in "$@"; do
    present "${pair%%=*}" || missing+=("${pair#*=}")
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

on_debian || stop "Missing: ${missing[*]} (Debian's names)." \
    "Install them with your system's own package manager and run the same command again."

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    have sudo || stop "Missing: ${missing[*]}." "Run as root:  apt-get install ${missing[*]}"
    as_root=(sudo)
fi

say "installing from Debian: ${missing[*]}"

# Some of these packages carry a service. We want the program only: a policy of "not now" keeps it from starting,
# and a service that was not there before is switched off for the next boot too.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    made_policy=yes
fi
restore() { if [ -n "$made_policy" ]; then "${as_root[@]}" rm -f "$policy"; fi; }
trap restore EXIT

apt() {
    quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0 \
        -o DPkg::Lock::Timeout=300 "$@"
}
apt update || say "the list of Debian's packages could not be brought up to date; trying with the one that is here"
apt install --no-install-recommends "${missing[@]}" ||
    stop "Debian's packages could not be installed: ${missing[*]}." "What apt-get said is above."

# (update-rc.d does it for systemd too.)
if [[ " ${missing[*]} " == *" redis-server "* ]]; then "${as_root[@]}" update-rc.d redis-server disable; fi
if [[ " ${missing[*]} " == *" caddy "* ]] && have systemctl; then quietly "${as_root[@]}" systemctl disable caddy; fi

for pair in "$@"; do
    present "${pair%%=*}" || stop "${pair#*=} is installed, and still there is no ${pair%%=*}." \
        "On Ubuntu, Chromium comes as a snap that tests cannot drive: use Debian, or put a chromium on the PATH."
done

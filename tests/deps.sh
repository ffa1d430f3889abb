#!/bin/bash
# Installs the Debian packages named on the command line that are missing.
# As root or with sudo it installs; otherwise it prints the command and fails.
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u
command -v dpkg-query >/dev/null || exit 0 # not Debian: what is missing will be named by the build
missing=()
for package in "$@"; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
install=(apt-get install -y --no-install-recommends "${missing[@]}")
if [ "$(id -u)" -eq 0 ]; then
    as_root=()
elif command -v sudo >/dev/null; then
    as_root=(sudo)
else
    printf 'Packages are missing. As root, run:\n  apt-get update && %s\n' "${install[*]}" >&2
    exit 2
fi
echo "installing: ${missing[*]}"
log=$(mktemp)
if ! { "${as_root[@]}" apt-get update -q && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" -q; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    printf 'Installing failed. By hand:\n  apt-get update && %s\n' "${install[*]}" >&2
    rm -f "$log"
    exit 2
fi
rm -f "$log"

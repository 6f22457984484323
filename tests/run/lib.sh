# shellcheck shell=bash
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What every script of tests/run shares. Sourced; the script then stands in the checkout's root.
# shellcheck disable=SC2034 # the scripts that source this file use its variables

set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
build=$root/.build
collection=$build/ansible_collections/vrouter/mikrotik # see tests/run/collection
results=$build/results                                 # pytest's JUnit files, which tests/run/all counts
logs=$build/logs                                       # of what runs two at a time
cd -- "$root"
export VROUTER_CHECKOUT=$root # for tests of these scripts, which run in the copy

export PATH=$root/.venv/bin:$PATH

# Tools keep their leftovers in the checkout, not in the user's home; only pip shares the user's cache and settings.
export PIP_CACHE_DIR=${PIP_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pip}
export XDG_CACHE_HOME=$build/cache
export ANSIBLE_HOME=$build/ansible

# Playbooks and tools take the collection from the copy.
export ANSIBLE_COLLECTIONS_PATH=$build

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

retry() { # COMMAND...: a download; a server or a line that is gone for a moment must not end a run of an hour
    local pause
    for pause in 5 20 60; do
        "$@" && return
        echo "This failed, and is tried again in $pause s: $*" >&2
        sleep "$pause"
    done
    "$@"
}

two_at_a_time() { # NAMES COMMAND...: COMMAND for each name, which stands for {} in it; each one's output in one piece
    mkdir -p "$logs"
    # shellcheck disable=SC2016 # the inner shell expands it
    xargs -P 2 -I {} bash -c '
        log=$0/{}.log
        status=0
        "$@" >"$log" 2>&1 || status=1
        cat "$log"
        exit "$status"' "$logs" "${@:2}" < <(tr ' ' '\n' <<<"$1")
}

version_of() { # IMAGE: the RouterOS version in a CHR image, from CHR_VERSION or from the vendor's file name
    local version=${CHR_VERSION:-}
    [ -n "$version" ] || version=$(sed -nE 's/^chr-([0-9]+\.[0-9]+(\.[0-9]+)?((beta|rc)[0-9]+)?)(-[a-z0-9]+)?\.(img|raw|qcow2)$/\1/p' <<<"${1##*/}")
    [ -n "$version" ] || fail "CHR_IMAGE: which RouterOS is in ${1##*/}? Say CHR_VERSION=..., or keep the vendor's file name, such as chr-7.20.8.img"
    echo "$version"
}

simulated_chr() { # puts the simulated CHR's disk images into the cache: they need Debian's packages, and tests have no network
    local kind
    for kind in "" --no-agent; do
        python "$root/tests/simulators/chr_image/build.py" --cached ${kind:+"$kind"} >/dev/null
    done
}

as_root() { # COMMAND...
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        fail "needs root: run as root, or install sudo (for: $*)"
    fi
}

apt_get() { # needrestart is told to stay out: it would restart services that have nothing to do with us
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -y "$@"
}

give_back() { # FOLDER...: what root made there belongs to the user who called sudo, or whom we called it for
    local folders=() folder user group
    user=$(id -u) group=$(id -g)
    [ "$user" -ne 0 ] || { user=${SUDO_UID:-0} group=${SUDO_GID:-0}; }
    for folder in "$@"; do
        [ ! -e "$folder" ] || folders+=("$folder")
    done
    [ "$user" -ne 0 ] && [ -n "$(find "${folders[@]}" -uid 0 -print -quit 2>/dev/null)" ] || return 0
    as_root chown --recursive --no-dereference --from=0 "$user:$group" "${folders[@]}"
}

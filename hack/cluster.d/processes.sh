# shellcheck shell=bash
# Starting, finding and ending the processes of the cluster. Each has a pid file; a pid counts only while it is still that program.

component_names="etcd kube-apiserver containerd registry kube-controller-manager kube-scheduler kubelet kube-proxy coredns provisioner"

# Prints the pid of a component if it runs.
pid_of() {
  local file=$RUN_DIR/pids/$1 pid
  pid=$(cat "$file" 2>/dev/null) || return 1
  is_alive "$pid" && [ "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | awk '{n=split($1,p,"/"); print p[n]}')" = "$1" ] && echo "$pid"
}

# A zombie is dead.
is_alive() { [ -n "$1" ] && [ -d "/proc/$1" ] && ! grep -q '^State:\sZ' "/proc/$1/status" 2>/dev/null; }

running_components() { for name in $component_names; do if pid_of "$name" >/dev/null; then echo "$name"; fi; done; }
missing_components() { for name in $component_names; do pid_of "$name" >/dev/null || echo "$name"; done; }

# Starts a component in a session of its own, with its output in a log. Does nothing where it runs.
# usage: start NAME command...
start() {
  local name=$1
  shift
  if pid_of "$name" >/dev/null; then return; fi
  mkdir -p "$RUN_DIR/pids" "$CLUSTER_DIR/logs"
  # The turn of hack/cluster (9) is not handed on.
  setsid nohup "$@" </dev/null >>"$CLUSTER_DIR/logs/$name.log" 2>&1 9>&- &
  echo $! >"$RUN_DIR/pids/$name"
  say "Started $name"
}

# Prints the pids of these components, as far as they run.
pids_of() { for name in "$@"; do pid_of "$name" || true; done; }

# Ends processes: first kindly, then not. usage: end_pids PID...
end_pids() {
  [ $# -gt 0 ] || return 0
  kill "$@" 2>/dev/null || true
  for _ in $(seq 50); do
    local alive=()
    for pid in "$@"; do if is_alive "$pid"; then alive+=("$pid"); fi; done
    [ ${#alive[@]} -gt 0 ] || return 0
    set -- "${alive[@]}"
    sleep 0.1
  done
  kill -9 "$@" 2>/dev/null || true
  sleep 0.2
}

# The shims of our containerd: found by our socket in their command line.
shim_pids() { pgrep -f "containerd-shim.*-address $RUN_DIR/containerd.sock" || true; }

# Processes of our containers, also those whose shim is dead: their root is one of our snapshots.
container_pids() { grep -lsE "^[0-9]+ [0-9]+ [0-9:]+ / / .*upperdir=$HOLDFAST_CACHE/containerd/" /proc/[0-9]*/mountinfo | cut -d/ -f3 || true; }

# Ends all pods at once.
end_pods() {
  for _ in 1 2 3; do
    # shellcheck disable=SC2046
    set -- $(shim_pids) $(container_pids)
    [ $# -gt 0 ] || return 0
    kill -9 "$@" 2>/dev/null || true
    sleep 0.3
  done
}

# shellcheck shell=bash
# Starting, finding and ending the processes of the cluster. Each has a pid file; a pid counts only while it is still that program.

component_names="etcd kube-apiserver containerd registry kube-controller-manager kube-scheduler kubelet kube-proxy coredns provisioner"

# Prints the pid of a component if it runs.
pid_of() {
  local file=$RUN_DIR/pids/$1 pid
  pid=$(cat "$file" 2>/dev/null) || return 1
  [ -d "/proc/$pid" ] && [ "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | awk '{n=split($1,p,"/"); print p[n]}')" = "$1" ] && echo "$pid"
}

running_components() { for name in $component_names; do if pid_of "$name" >/dev/null; then echo "$name"; fi; done; }
missing_components() { for name in $component_names; do pid_of "$name" >/dev/null || echo "$name"; done; }

# Starts a component in a session of its own, with its output in a log. Does nothing where it runs.
# usage: start NAME command...
start() {
  local name=$1
  shift
  if pid_of "$name" >/dev/null; then return; fi
  mkdir -p "$RUN_DIR/pids" "$CLUSTER_DIR/logs"
  setsid nohup "$@" </dev/null >>"$CLUSTER_DIR/logs/$name.log" 2>&1 &
  echo $! >"$RUN_DIR/pids/$name"
  say "Started $name"
}

# Ends processes: first kindly, then not. usage: end_pids PID...
end_pids() {
  [ $# -gt 0 ] || return 0
  kill "$@" 2>/dev/null || true
  for _ in $(seq 50); do
    local alive=()
    for pid in "$@"; do if [ -d "/proc/$pid" ] && ! grep -q '^State:\sZ' "/proc/$pid/status" 2>/dev/null; then alive+=("$pid"); fi; done
    [ ${#alive[@]} -gt 0 ] || return 0
    set -- "${alive[@]}"
    sleep 0.1
  done
  kill -9 "$@" 2>/dev/null || true
  sleep 0.2
}

# The shims of our containerd, and all that lives below them: found by our socket in their command line.
shim_pids() { pgrep -f "containerd-shim.*-address $RUN_DIR/containerd.sock" || true; }

descendants() {
  local pid
  for pid in "$@"; do
    local children
    children=$(pgrep -P "$pid" || true)
    # shellcheck disable=SC2086
    [ -z "$children" ] || { echo $children; descendants $children; }
  done
}

# Removes everything of a cluster, whole or half dead: processes, mounts, interfaces, tables, leases.
clear_leftovers() {
  local pids=() shims
  for name in kubelet kube-proxy provisioner coredns kube-scheduler kube-controller-manager kube-apiserver; do
    if pid_of "$name" >/dev/null; then pids+=("$(pid_of "$name")"); fi
  done
  end_pids "${pids[@]}"
  shims=$(shim_pids)
  # shellcheck disable=SC2046,SC2086
  [ -z "$shims" ] || kill -9 $(descendants $shims) $shims 2>/dev/null || true
  pids=()
  for name in containerd registry etcd; do if pid_of "$name" >/dev/null; then pids+=("$(pid_of "$name")"); fi; done
  end_pids "${pids[@]}"
  unmount_all
  remove_network
  rm -rf "$RUN_DIR"
  local holder
  holder=$(lock_holder)
  # The state of a cluster is thrown away with it. Images stay in the cache.
  for folder in etcd kubelet containerd volumes cni pki; do
    [ "$holder" = nobody ] || rm -rf "${holder:?}/.cluster/$folder"
    rm -rf "${CLUSTER_DIR:?}/$folder"
  done
}

# Every mount below our folders, deepest first.
unmount_all() {
  local holder path
  holder=$(lock_holder)
  for _ in 1 2 3; do
    awk -v a="$RUN_DIR/" -v b="$CLUSTER_DIR/" -v c="$holder/.cluster/" 'index($2, a) == 1 || index($2, b) == 1 || index($2, c) == 1 {print $2}' \
      /proc/self/mounts | sort -r | while read -r path; do
      umount -l "$(printf '%b' "$path")" 2>/dev/null || true
    done
  done
}

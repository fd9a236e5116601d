# shellcheck shell=bash
# Removes everything of a cluster, whole or half dead, ours or the lock holder's: processes, mounts, interfaces, tables, leases of addresses.
# Images and programs stay in the cache.

clear_leftovers() {
  # shellcheck disable=SC2046
  end_pids $(pids_of kubelet kube-proxy provisioner coredns kube-scheduler kube-controller-manager kube-apiserver)
  end_pods
  # shellcheck disable=SC2046
  end_pids $(pids_of containerd registry etcd)
  unmount_all
  remove_network
  remove_cgroups
  remove_state
}

# Mounts below our folders, deepest first.
our_mounts() {
  local folder
  for folder in "$RUN_DIR" "$CLUSTER_DIR" "$(lock_holder)/.cluster" "$HOLDFAST_CACHE/containerd" "$HOLDFAST_CACHE/buildah"; do
    awk -v below="$folder/" 'index($2, below) == 1 {print $2}' /proc/self/mounts
  done | sort -ru
}

unmount_all() {
  local path
  for _ in 1 2 3; do
    our_mounts | while read -r path; do umount -l "$(printf '%b' "$path")" 2>/dev/null || true; done
  done
}

# The state of a cluster is thrown away with it. Never below a mount: a volume of the demo would lose its files.
remove_state() {
  local left holder folder
  left=$(our_mounts)
  [ -z "$left" ] || die "These are still mounted: $(printf '%s' "$left" | tr '\n' ' ')" "Unmount them ('umount -l …'), then run the same command again."
  rm -rf "$RUN_DIR"
  holder=$(lock_holder)
  for folder in etcd kubelet containerd volumes cni pki; do
    [ "$holder" = nobody ] || rm -rf "${holder:?}/.cluster/$folder"
    rm -rf "${CLUSTER_DIR:?}/$folder"
  done
}

# The kubelet's groups, as far as they are empty.
remove_cgroups() { find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} + 2>/dev/null || true; }

# shellcheck shell=bash
# The built programs under their names in .cluster/bin. To be sourced after common.sh.

link_programs() {
  local name
  mkdir -p "$CLUSTER_DIR/bin"
  for name in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl provisioner; do
    ln -sfn "$HOLDFAST_CACHE/bin/kube" "$CLUSTER_DIR/bin/$name"
  done
  for name in coredns helm registry versitygw minio kstatus; do
    [ ! -x "$HOLDFAST_CACHE/bin/$name" ] || ln -sfn "$HOLDFAST_CACHE/bin/$name" "$CLUSTER_DIR/bin/$name"
  done
}

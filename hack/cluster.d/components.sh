# shellcheck shell=bash
# The parts of Kubernetes, started in the order in which they need one another.

kube() { echo "$CLUSTER_DIR/bin/$1"; }

api_ready() { kubectl --kubeconfig "$CLUSTER_DIR/kubeconfig" --request-timeout=3s get --raw /readyz >/dev/null 2>&1; }

# kube-proxy has written rules.
services_ready() { nft list table ip kube-proxy >/dev/null 2>&1; }

# Everything runs and answers.
is_healthy() { [ -z "$(missing_components)" ] && bridge_is_there && services_ready && api_ready && node_ready >/dev/null 2>&1; }

# Tries a command for some seconds. usage: try_for SECONDS command...
try_for() {
  local limit=$1
  shift
  for _ in $(seq $((limit * 5))); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.2
  done
  return 1
}

# usage: wait_for SECONDS "what" command...
wait_for() {
  local limit=$1 what=$2
  shift 2
  try_for "$limit" "$@" || fail_to_start "$what did not come up in $limit seconds."
}

# Ends with the last words of the components that died.
fail_to_start() {
  local name
  for name in $(missing_components); do
    [ ! -f "$RUN_DIR/pids/$name" ] || { printf '%s ended with:\n' "$name" && tail -n 5 "$CLUSTER_DIR/logs/$name.log"; } >&2
  done
  die "$1" "Look into $CLUSTER_DIR/logs, then run the same command again; 'make down' before it starts everything afresh."
}

nothing_is_missing() { [ -z "$(missing_components)" ] || fail_to_start "These parts of the cluster ended at once: $(missing_components | tr '\n' ' ')"; }

# A component that runs and does not do its work is as bad as a dead one.
end_stuck() {
  if pid_of kube-apiserver >/dev/null && ! try_for 20 api_ready; then
    say "The API server does not answer: starting it again"
    # shellcheck disable=SC2046
    end_pids $(pids_of kube-apiserver etcd)
  fi
  if pid_of kube-proxy >/dev/null && ! try_for 5 services_ready; then
    say "kube-proxy wrote no rules: starting it again"
    # shellcheck disable=SC2046
    end_pids $(pids_of kube-proxy)
  fi
}

prepare_folders() {
  mkdir -p "$CLUSTER_DIR"/{bin,logs,etcd,kubelet,volumes,pki} "$RUN_DIR/pids" "$HOLDFAST_CACHE"/{containerd,registry}
  chmod 0711 "$CLUSTER_DIR/volumes"
  link_programs
}

start_components() {
  local pki=$CLUSTER_DIR/pki
  start etcd "$(kube etcd)" --data-dir "$CLUSTER_DIR/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls http://127.0.0.1:23790 --advertise-client-urls http://127.0.0.1:23790 \
    --listen-peer-urls http://127.0.0.1:23800 --initial-advertise-peer-urls http://127.0.0.1:23800 --initial-cluster default=http://127.0.0.1:23800
  start kube-apiserver "$(kube kube-apiserver)" --etcd-servers http://127.0.0.1:23790 --authorization-mode Node,RBAC \
    --enable-admission-plugins NodeRestriction --service-cluster-ip-range "$SERVICE_CIDR" --bind-address 0.0.0.0 --advertise-address "$GATEWAY" \
    --client-ca-file "$pki/ca.crt" --tls-cert-file "$pki/server.crt" --tls-private-key-file "$pki/server.key" \
    --kubelet-client-certificate "$pki/admin.crt" --kubelet-client-key "$pki/admin.key" --kubelet-certificate-authority "$pki/ca.crt" \
    --kubelet-preferred-address-types InternalIP \
    --service-account-issuer https://kubernetes.default.svc --service-account-key-file "$pki/service-accounts.pub" \
    --service-account-signing-key-file "$pki/service-accounts.key" --allow-privileged --event-ttl 2h
  start_containerd
  start registry "$(kube registry)" serve "$(registry_config)"
  wait_for 120 "The API server" api_ready
  start kube-controller-manager "$(kube kube-controller-manager)" --kubeconfig "$pki/controller-manager.kubeconfig" --use-service-account-credentials \
    --root-ca-file "$pki/ca.crt" --service-account-private-key-file "$pki/service-accounts.key" \
    --cluster-signing-cert-file "$pki/ca.crt" --cluster-signing-key-file "$pki/ca.key" --leader-elect=false
  start kube-scheduler "$(kube kube-scheduler)" --kubeconfig "$pki/scheduler.kubeconfig" --leader-elect=false
  wait_for 20 "containerd" test -S "$RUN_DIR/containerd.sock"
  start_kubelet
  start kube-proxy "$(kube kube-proxy)" --kubeconfig "$pki/proxy.kubeconfig" --proxy-mode nftables --cluster-cidr "$POD_CIDR" --hostname-override "$NODE_NAME"
  start_coredns
  start provisioner "$(kube provisioner)" --kubeconfig "$CLUSTER_DIR/kubeconfig" --root "$CLUSTER_DIR/volumes" --node "$NODE_NAME"
}

# Our own containerd. Its content is kept in the cache, so that images outlive the cluster.
start_containerd() {
  cat >"$RUN_DIR/containerd.toml" <<TOML
version = 2
root = "$HOLDFAST_CACHE/containerd"
state = "$RUN_DIR/containerd"
[grpc]
  address = "$RUN_DIR/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$REGISTRY/holdfast/pause:1"
  restrict_oom_score_adj = true
  # Below our own state, so that nobody else's are touched when they are cleared away.
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$CLUSTER_DIR/cni"
TOML
  start containerd /usr/bin/containerd --config "$RUN_DIR/containerd.toml"
}

start_kubelet() {
  local pki=$CLUSTER_DIR/pki
  cat >"$RUN_DIR/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $pki/ca.crt}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
containerRuntimeEndpoint: unix://$RUN_DIR/containerd.sock
clusterDNS: [$GATEWAY]
clusterDomain: cluster.local
tlsCertFile: $pki/kubelet.crt
tlsPrivateKeyFile: $pki/kubelet.key
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}
imageGCHighThresholdPercent: 99
imageGCLowThresholdPercent: 98
maxPods: 200
YAML
  start kubelet "$(kube kubelet)" --config "$RUN_DIR/kubelet.yaml" --kubeconfig "$pki/kubelet.kubeconfig" --root-dir "$CLUSTER_DIR/kubelet" \
    --hostname-override "$NODE_NAME" --node-ip "$GATEWAY" --v 1
}

start_coredns() {
  cat >"$RUN_DIR/Corefile" <<COREFILE
.:53 {
  bind $GATEWAY
  ready 127.0.0.1:18181
  errors
  cache 5
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $CLUSTER_DIR/kubeconfig
    ttl 5
  }
}
COREFILE
  start coredns "$(kube coredns)" -conf "$RUN_DIR/Corefile"
}

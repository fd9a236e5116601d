# shellcheck shell=bash
# The bridge that pods hang on, and its removal.

make_network() {
  modprobe br_netfilter 2>/dev/null || true
  sysctl -qw net.ipv4.ip_forward=1
  sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true
  if ! ip link show "$BRIDGE" >/dev/null 2>&1; then
    ip link add "$BRIDGE" type bridge
    ip addr add "$GATEWAY/16" dev "$BRIDGE"
    ip link set "$BRIDGE" up
  fi
  mkdir -p "$CLUSTER_DIR/cni"
  cat >"$CLUSTER_DIR/cni/10-holdfast.conflist" <<JSON
{
  "cniVersion": "1.0.0",
  "name": "holdfast",
  "plugins": [
    {
      "type": "bridge", "bridge": "$BRIDGE", "isGateway": true, "ipMasq": true, "hairpinMode": true,
      "ipam": {"type": "host-local", "dataDir": "$RUN_DIR/addresses", "ranges": [[{"subnet": "$POD_CIDR"}]], "routes": [{"dst": "0.0.0.0/0"}]}
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
JSON
}

remove_network() {
  local name
  for name in $(ip -o link show master "$BRIDGE" 2>/dev/null | awk -F'[:@ ]+' '{print $2}'); do ip link del "$name" 2>/dev/null || true; done
  ip link del "$BRIDGE" 2>/dev/null || true
  for name in $(ip netns list 2>/dev/null | awk '/^cni-/{print $1}'); do ip netns del "$name" 2>/dev/null || true; done
  nft delete table ip kube-proxy 2>/dev/null || true
  nft delete table ip6 kube-proxy 2>/dev/null || true
  remove_iptables
}

# The masquerading and port rules that the CNI plugins and the kubelet left.
remove_iptables() {
  local table chain
  command -v iptables-save >/dev/null || return 0
  for table in nat filter mangle; do
    iptables-save -t "$table" 2>/dev/null | awk -v p="$POD_CIDR" '/^-A/ && (/CNI-/ || /KUBE-/ || index($0, p)) {sub(/^-A/, "-D"); print}' | while read -r rule; do
      # The saved rule is quoted as a shell would need it.
      eval "iptables -t $table $rule" 2>/dev/null || true
    done
    for chain in $(iptables-save -t "$table" 2>/dev/null | awk '/^:(CNI|KUBE)-/{print substr($1, 2)}'); do
      iptables -t "$table" -F "$chain" 2>/dev/null || true
      iptables -t "$table" -X "$chain" 2>/dev/null || true
    done
  done
}

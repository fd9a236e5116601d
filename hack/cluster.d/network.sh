# shellcheck shell=bash
# The bridge that pods hang on, and its removal.

bridge_is_there() { ip link show "$BRIDGE" >/dev/null 2>&1; }

make_network() {
  modprobe br_netfilter 2>/dev/null || true
  sysctl -qw net.ipv4.ip_forward=1
  sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true
  bridge_is_there || ip link add "$BRIDGE" type bridge
  ip addr replace "$GATEWAY/16" dev "$BRIDGE"
  ip link set "$BRIDGE" up
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
  for name in $(our_namespaces); do ip netns del "$name" 2>/dev/null || true; done
  for name in $(ip -o link show master "$BRIDGE" 2>/dev/null | awk -F'[:@ ]+' '{print $2}'); do ip link del "$name" 2>/dev/null || true; done
  ip link del "$BRIDGE" 2>/dev/null || true
  nft delete table ip kube-proxy 2>/dev/null || true
  nft delete table ip6 kube-proxy 2>/dev/null || true
  remove_rules iptables
  remove_rules ip6tables
  remove_empty_tables
}

# Network namespaces of pods that lie in the common folder: those with an address of ours.
our_namespaces() {
  local name
  for name in $(ip netns list 2>/dev/null | awk '/^cni-/ {print $1}'); do
    if ip -n "$name" -o addr 2>/dev/null | grep -qF " ${POD_CIDR%.0.0/16}."; then echo "$name"; fi
  done
}

# The masquerading and port rules that the CNI plugins and the kubelet left. usage: remove_rules iptables | ip6tables
remove_rules() {
  local program=$1 table chain rule
  command -v "$program-save" >/dev/null || return 0
  for table in nat filter mangle; do
    "$program-save" -t "$table" 2>/dev/null | awk -v p="$POD_CIDR" '/^-A/ && (/CNI-/ || /KUBE-/ || index($0, p)) {sub(/^-A/, "-D"); print}' | while read -r rule; do
      # The saved rule is quoted as a shell would need it.
      eval "$program -t $table $rule" 2>/dev/null || true
    done
    for chain in $("$program-save" -t "$table" 2>/dev/null | awk '/^:(CNI|KUBE)-/ {print substr($1, 2)}'); do
      "$program" -t "$table" -F "$chain" 2>/dev/null || true
      "$program" -t "$table" -X "$chain" 2>/dev/null || true
    done
  done
}

# iptables leaves its tables behind. One with a rule, a chain or a policy of somebody else stays.
remove_empty_tables() {
  local family table
  for family in ip ip6; do
    for table in nat filter mangle; do
      if nft list table "$family" "$table" 2>/dev/null | awk '/^\tchain /{chains++} /^\t\ttype .* policy accept;/{chains--; next} /^\t\t/{rules++} END{exit !(chains == 0 && !rules)}'; then
        nft delete table "$family" "$table" 2>/dev/null || true
      fi
    done
  done
}

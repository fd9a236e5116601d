# shellcheck shell=bash
# One authority, one serving certificate, and a kubeconfig for each part.

# usage: issue NAME SUBJECT [EXTENSION]
issue() {
  local pki=$CLUSTER_DIR/pki
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$pki/$1.key" -out "$pki/$1.csr" -subj "$2" 2>/dev/null
  openssl x509 -req -in "$pki/$1.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial -days 3650 -out "$pki/$1.crt" \
    -extfile <(printf '%s\n' "${3:-extendedKeyUsage=clientAuth}") 2>/dev/null
}

# usage: write_kubeconfig NAME FILE
write_kubeconfig() {
  local pki=$CLUSTER_DIR/pki
  kubectl config set-cluster holdfast --server=https://127.0.0.1:6443 --certificate-authority="$pki/ca.crt" --embed-certs --kubeconfig="$2" >/dev/null
  kubectl config set-credentials "$1" --client-certificate="$pki/$1.crt" --client-key="$pki/$1.key" --embed-certs --kubeconfig="$2" >/dev/null
  kubectl config set-context holdfast --cluster=holdfast --user="$1" --kubeconfig="$2" >/dev/null
  kubectl config use-context holdfast --kubeconfig="$2" >/dev/null
}

make_certificates() {
  local pki=$CLUSTER_DIR/pki
  [ ! -f "$pki/done" ] || return 0
  mkdir -p "$pki"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -keyout "$pki/ca.key" -out "$pki/ca.crt" -subj /CN=holdfast-cluster 2>/dev/null
  openssl genrsa -out "$pki/service-accounts.key" 2048 2>/dev/null
  openssl rsa -in "$pki/service-accounts.key" -pubout -out "$pki/service-accounts.pub" 2>/dev/null
  local names="IP:127.0.0.1,IP:10.96.0.1,IP:$GATEWAY,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:$NODE_NAME"
  issue server /CN=kube-apiserver "$(printf 'extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=%s' "$names")"
  issue admin /O=system:masters/CN=admin
  issue controller-manager /CN=system:kube-controller-manager
  issue scheduler /CN=system:kube-scheduler
  issue kubelet "/O=system:nodes/CN=system:node:$NODE_NAME" "$(printf 'extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=%s' "$names")"
  issue proxy /CN=system:kube-proxy
  for name in controller-manager scheduler kubelet proxy; do write_kubeconfig "$name" "$pki/$name.kubeconfig"; done
  rm -f "$CLUSTER_DIR/kubeconfig"
  write_kubeconfig admin "$CLUSTER_DIR/kubeconfig"
  chmod 0600 "$CLUSTER_DIR/kubeconfig" "$pki"/*.key
  touch "$pki/done"
  say "Made certificates"
}

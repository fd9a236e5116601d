# shellcheck shell=bash
# What every cluster here has: two storage classes, and a ready node.

in_cluster() { kubectl --kubeconfig "$CLUSTER_DIR/kubeconfig" "$@"; }

node_ready() { in_cluster wait --for=condition=Ready "node/$NODE_NAME" --timeout=1s; }
dns_ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:18181/ready)" = 200 ]; }

apply_objects() {
  in_cluster apply -f - >/dev/null <<'YAML'
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: holdfast.dev/local-directory
reclaimPolicy: Delete
volumeBindingMode: Immediate
---
# Volumes that can really be full: a file system of the claimed size.
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: sized}
provisioner: holdfast.dev/local-directory
parameters: {enforceSize: "true"}
reclaimPolicy: Delete
volumeBindingMode: Immediate
YAML
  wait_for 60 "The node" node_ready
  wait_for 30 "CoreDNS" dns_ready
  wait_for 30 "kube-proxy" services_ready
  wait_for 30 "The default ServiceAccount" in_cluster -n default get serviceaccount default
}


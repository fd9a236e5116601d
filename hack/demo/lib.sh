# shellcheck shell=bash
# What the parts of the demo share. To be sourced after hack/lib/common.sh.

export KUBECONFIG=$CLUSTER_DIR/kubeconfig
DEMO_DIR=$CLUSTER_DIR/demo
# Keys, passwords and certificates of the demo. Only identity.txt would go into a safe.
SECRETS_DIR=$DEMO_DIR/secrets
PKI_DIR=$DEMO_DIR/pki
LOGS_DIR=$CLUSTER_DIR/logs

# Reference of an image that hack/images/build made.
image() {
  jq -re --arg name "$1" '.[$name] // empty' "$CLUSTER_DIR/images.json" 2>/dev/null ||
    die "There is no image '$1' yet." "Run hack/images/build, then this again."
}

# Puts values into the places ${NAME} of a file. usage: fill FILE NAME=value...
fill() {
  local file=$1 expressions=() pair
  shift
  for pair in "$@"; do expressions+=(-e "s|\${${pair%%=*}}|${pair#*=}|g"); done
  sed "${expressions[@]}" "$file"
}

# A Secret from files. Server-side, so that no copy of it lands in an annotation. usage: secret NAMESPACE NAME key=file...
secret() {
  local namespace=$1 name=$2 flags=() pair
  shift 2
  for pair in "$@"; do flags+=("--from-file=$pair"); done
  kubectl create secret generic "$name" --namespace "$namespace" "${flags[@]}" --dry-run=client -o yaml | kubectl apply --server-side --force-conflicts -f - >/dev/null
}

# A ConfigMap from files. usage: config NAMESPACE NAME FILE...
config() {
  local namespace=$1 name=$2 flags=() file
  shift 2
  for file in "$@"; do flags+=("--from-file=$file"); done
  kubectl create configmap "$name" --namespace "$namespace" "${flags[@]}" --dry-run=client -o yaml | kubectl apply --server-side --force-conflicts -f - >/dev/null
}

# Waits for a rollout, and says what to look at when it does not come. usage: rollout NAMESPACE KIND/NAME SECONDS
rollout() {
  if ! kubectl --namespace "$1" rollout status "$2" --timeout "${3}s" >"$LOGS_DIR/rollout.log" 2>&1; then
    tail -n 3 "$LOGS_DIR/rollout.log" >&2
    kubectl --namespace "$1" get pods >&2
    kubectl --namespace "$1" logs "$2" --tail 10 >&2 || true
    die "$2 in the namespace $1 was not ready after $3 seconds." "'kubectl -n $1 describe pods' says why; after a fix run hack/demo/up again."
  fi
}

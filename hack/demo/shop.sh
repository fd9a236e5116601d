# shellcheck shell=bash
# The application that is backed up: a database, a shop that takes orders, a cache.

start_shop() {
  say "Starting the shop (its database fills itself)"
  # Kubernetes makes the default ServiceAccount itself, at the same moment.
  kubectl apply --server-side --force-conflicts -f "$here/shop/namespace.yaml" >/dev/null
  secret shop postgres-tls "tls.crt=$PKI_DIR/postgres.crt" "tls.key=$PKI_DIR/postgres.key"
  secret shop postgres-ca "ca.crt=$PKI_DIR/ca.crt"
  secret shop postgres-superuser "password=$SECRETS_DIR/postgres/password"
  secret shop shop-web "password=$SECRETS_DIR/shop_web/password"
  local role
  for role in physical dump; do
    secret shop "holdfast-$role" "username=$SECRETS_DIR/holdfast_$role/username" "password=$SECRETS_DIR/holdfast_$role/password"
  done
  config shop postgres-config "$here/shop/pg_hba.conf"
  config shop postgres-init "$here"/sql/*.sql
  config shop holdfast-roles "$HOLDFAST_ROOT/manifests/postgresql/roles.sql"
  config shop web-scripts "$here/shop/place-orders.sh"
  local file
  for file in postgres web redis; do
    fill "$here/shop/$file.yaml" "POSTGRES_IMAGE=$(image postgres)" "REDIS_IMAGE=$(image redis)" | kubectl apply -f - >/dev/null
  done
  rollout shop statefulset/postgres 180
  rollout shop deployment/web 120
  rollout shop deployment/redis 60
}

# What the policy needs, and the policy itself: the published sample with the demo's keys in it.
apply_policy() {
  local keys=$SECRETS_DIR/holdfast
  kubectl apply --server-side --force-conflicts -f "$SECRETS_DIR/keys/secrets.yaml" >/dev/null
  secret shop holdfast-store "accessKeyId=$SECRETS_DIR/store/writer.id" "secretAccessKey=$SECRETS_DIR/store/writer.key"
  secret shop holdfast-store-ca "ca.crt=$PKI_DIR/ca.crt"
  sed -e "s|age1replaceme[a-z]*|$(cat "$keys/recipient")|" \
    -e "s|id: [0-9a-f]\{16\}|id: \"$(cat "$keys/verification.id")\"|" \
    -e "s|key: MCowBQYDK2VwAyEA[^ ]*|key: $(cat "$keys/verification.key")|" \
    "$HOLDFAST_ROOT/manifests/samples/policy-shop.yaml" >"$DEMO_DIR/policy.yaml"
  kubectl apply --namespace shop -f "$DEMO_DIR/policy.yaml" >/dev/null ||
    die "The policy was refused." "The API server's words stand above. The policy is $DEMO_DIR/policy.yaml."
  if ! kubectl --namespace shop wait backuppolicy/shop --for=condition=Ready --timeout=60s >/dev/null 2>&1; then
    kubectl --namespace shop get backuppolicy shop -o jsonpath='{range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{"\n"}{end}' >&2
    die "The policy shop/shop did not become Ready in 60 seconds." "'kubectl -n holdfast-system logs deployment/holdfast --all-pods' may say why; then run hack/demo/up again."
  fi
  say "The policy shop/shop is armed"
}

# shellcheck shell=bash
# The S3 server of the demo: its pod, its accounts, its bucket.
STORE_HOST=store.shop-store.svc
BUCKET=holdfast

start_store() {
  say "Starting the S3 server"
  kubectl apply -f "$here/store/namespace.yaml" >/dev/null
  mkdir -p "$DEMO_DIR/bucket" "$DEMO_DIR/store-state/accounts" "$DEMO_DIR/store-state/versions"
  chown -R 65532:65532 "$DEMO_DIR/bucket" "$DEMO_DIR/store-state"
  secret shop-store store-root "ROOT_ACCESS_KEY=$SECRETS_DIR/store/root.id" "ROOT_SECRET_KEY=$SECRETS_DIR/store/root.key"
  secret shop-store store-tls "tls.crt=$PKI_DIR/store.crt" "tls.key=$PKI_DIR/store.key"
  fill "$here/store/store.yaml" "STORE_IMAGE=$(image store)" "DEMO_DIR=$DEMO_DIR" "NODE=$NODE_NAME" | kubectl apply -f - >/dev/null
  rollout shop-store deployment/store 120
}

# A signed request to the store. The keys go by a file, not by the command line. usage: store_request METHOD PATH [curl flags...]
store_request() {
  local method=$1 path=$2 address body digest
  shift 2
  # Debian 12's curl leaves out the digest of the body, and the server insists on it.
  body=/dev/null
  [[ ${*: -1} != @* ]] || body=${*: -1}
  digest=$(sha256sum "${body#@}")
  address=$(kubectl --namespace shop-store get service store -o jsonpath='{.spec.clusterIP}')
  curl --silent --show-error --output "$LOGS_DIR/store-answer.xml" --write-out '%{http_code}' --max-time 20 --retry 15 --retry-delay 1 --retry-connrefused --cacert "$PKI_DIR/ca.crt" \
    --resolve "$STORE_HOST:7070:$address" --aws-sigv4 aws:amz:us-east-1:s3 --header "x-amz-content-sha256: ${digest%% *}" \
    --config <(printf 'user = "%s:%s"\n' "$(cat "$SECRETS_DIR/store/root.id")" "$(cat "$SECRETS_DIR/store/root.key")") \
    --request "$method" "$@" "https://$STORE_HOST:7070$path" || true
}

# usage: store_must "what" GOOD_CODES METHOD PATH [curl flags...]
store_must() {
  local what=$1 good=$2 code
  shift 2
  code=$(store_request "$@")
  [[ " $good " == *" $code "* ]] ||
    die "$what failed: the store answered ${code:-nothing}: $(head -c 300 "$LOGS_DIR/store-answer.xml" 2>/dev/null)" "'kubectl -n shop-store logs deployment/store' may say why; then run hack/demo/up again."
}

# A body for a request, read from a file that only root may read. usage: body_file TEXT → path
body_file() {
  local file=$LOGS_DIR/store-body
  (umask 077 && printf '%s' "$1" >"$file")
  echo "$file"
}

# The bucket keeps old versions; the writer's account may write and read, never delete.
prepare_bucket() {
  local writer key body
  writer=$(cat "$SECRETS_DIR/store/writer.id")
  key=$(cat "$SECRETS_DIR/store/writer.key")
  body=$(body_file "<Account><Access>$writer</Access><Secret>$key</Secret><Role>user</Role></Account>")
  store_must "Making the writer's account" "200 201 409" PATCH /create-user --data-binary "@$body"
  store_must "Making the bucket" "200 409" PUT "/$BUCKET"
  body=$(body_file '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>')
  store_must "Keeping old versions" "200" PUT "/$BUCKET?versioning=" --data-binary "@$body"
  store_must "Setting the bucket's policy" "200 204" PUT "/$BUCKET?policy=" --data-binary "@$(body_file "$(fill "$here/store/bucket-policy.json" "WRITER=$writer")")"
  rm -f "$LOGS_DIR/store-body"
}

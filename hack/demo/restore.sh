# shellcheck shell=bash
# Every price becomes one cent by mistake, the database comes back in place as of a minute before, and that is undone. To be sourced by hack/demo/restore.
RESTORE_LIMIT_SECONDS=300

restore_field() { kubectl --namespace shop get restore "$RESTORE" -o jsonpath="$1"; }
server_answers() { kubectl --namespace shop exec postgres-0 --container postgres -- pg_isready --host=/tmp --quiet >/dev/null 2>&1; }
server_time() { sql "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"; }

prices() { sql 'SELECT sum(price_cents) FROM products'; }

# Sets BEFORE (all prices together) and TARGET, an instant at which all was well. The shop takes orders all the while.
write_a_minute_of_history() {
  BEFORE=$(prices)
  TARGET=$(server_time)
  say "At $TARGET all is well: the prices of the shop come to $BEFORE cents"
}

# What is lost has to be older than the mistake, and newer than the instant.
make_a_great_mistake() {
  say "The shop goes on for a minute"
  sleep 60
  sql 'UPDATE products SET price_cents = 1' >/dev/null
  say "A minute later somebody runs UPDATE products SET price_cents = 1, and forgets the WHERE: $(prices) cents"
}

# The archive reaches the instant within its flushInterval and an upload.
wait_for_the_minute() {
  local waited=0 latest
  until latest=$(kubectl --namespace shop get backuppolicy shop -o jsonpath='{.status.recoverability.latestTime}') && [[ "$latest" > "$TARGET" ]]; do
    [ "$waited" -lt "$ARCHIVE_LIMIT_SECONDS" ] ||
      die "The archive did not reach $TARGET in $ARCHIVE_LIMIT_SECONDS seconds." "'kubectl holdfast status shop -n shop' says how far it is."
    sleep 1
    waited=$((waited + 1))
  done
}

# The key comes out of the safe, for as long as the restore takes.
lend_the_identity() {
  say "Lending the identity to the cluster, for this restore"
  kubectl --namespace shop create secret generic shop-identity --from-file=identity="$DEMO_DIR/identity.txt" --dry-run=client -o yaml | kubectl apply -f - >/dev/null
}

# Sets RESTORE.
apply_the_restore() {
  local file="$DEMO_DIR/restore.yaml"
  RESTORE="minute-ago-$(date +%s)"
  cat >"$file" <<YAML
apiVersion: holdfast.dev/v1alpha1
kind: Restore
metadata: {name: $RESTORE, namespace: shop}
spec:
  source:
    policyRef: {name: shop}
    tier: cloud
    identitySecretRef: {name: shop-identity}
  pointInTime: {time: "$TARGET"}
  components:
  - name: db
    target:
      inPlace: {claimName: data-postgres-0}
  quiesce:
    workloads:
    - {kind: Deployment, name: web}
  confirmation: shop/shop
YAML
  say "Applying one file"
  sed 's/^/       /' "$file"
  kubectl apply -f "$file" >/dev/null
}

# What is said of it, whenever it changes.
watch_the_restore() {
  local waited=0 said='' now
  until [ -n "$(restore_field '{.status.endTime}')" ]; do
    now="$(restore_field '{.status.stage}')"
    if [ "$now" != "$said" ]; then
      said=$now
      kubectl holdfast status shop --namespace shop | grep -A 1 -E '^(Restoring now|Last restore)' || true
    fi
    [ "$waited" -lt "$RESTORE_LIMIT_SECONDS" ] || die "The restore has not ended after $RESTORE_LIMIT_SECONDS seconds." "'kubectl -n shop describe restore $RESTORE' says why."
    sleep 1
    waited=$((waited + 1))
  done
  [ "$(restore_field '{.status.phase}')" = Complete ] || {
    kubectl --namespace shop get restore "$RESTORE" -o jsonpath='{.status.conditions[?(@.type=="Succeeded")].message}{"\n"}' >&2
    die "The restore failed." "What it said stands above; 'kubectl holdfast logs restore/$RESTORE -n shop' says more."
  }
}

show_what_is_back() {
  local newer
  [ "$(prices)" = "$BEFORE" ] || die "The prices come to $(prices) cents, and to $BEFORE at $TARGET." "This is a fault of Holdfast: please report it."
  say "The prices are back, $BEFORE cents, and the shop is open again"
  newer=$(sql "SELECT count(*) FROM ledger WHERE written_at > timestamptz '$TARGET' AND written_at < timestamptz '$(restore_field '{.status.startTime}')'")
  [ "$newer" = 0 ] || die "$newer orders from after $TARGET are there." "This is a fault of Holdfast: please report it."
  restore_field '{range .status.phases[*]}{"       "}{.name}{"  "}{.seconds}{" s\n"}{end}'
  say "Back in $(restore_field '{.status.rto.measuredSeconds}') s; the objective is $(restore_field '{.status.rto.objectiveSeconds}') s"
}

# The orders of that minute are worth more than the prices, it turns out: the state before the restore comes back.
undo_the_restore() {
  say "kubectl holdfast undo restore/$RESTORE -n shop --confirm shop/shop"
  kubectl holdfast undo "restore/$RESTORE" --namespace shop --confirm shop/shop
  [ "$(prices)" != "$BEFORE" ] || die "The undo did not bring back the state before the restore." "This is a fault of Holdfast: please report it."
  say "Undone: the shop is as it was before the restore, $(prices) cents and all of its orders"
  sql 'UPDATE products SET price_cents = 99 + (id * 7919) % 20000' >/dev/null
}

take_the_identity_back() {
  kubectl --namespace shop delete secret shop-identity --ignore-not-found >/dev/null
  say "The identity is out of the cluster again"
}

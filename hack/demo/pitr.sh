# shellcheck shell=bash
# A table is dropped by mistake, and comes back from one second before. To be sourced by hack/demo/pitr.
RECOVERY_POD=recovery
LOST_TABLE=support_notes
ARCHIVE_LIMIT_SECONDS=180

sql() { kubectl --namespace shop exec postgres-0 --container postgres -- psql --host=/tmp --username=postgres --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 shop --command="$1"; }
recovery() { kubectl --namespace shop exec "$RECOVERY_POD" -- "$@"; }
plugin() {
  recovery node /app/cli.js "$@" --from "s3://$(sample_field bucket)/$(sample_field prefix)" --endpoint "$(sample_field endpoint)" \
    --credentials-dir /secrets/store --ca-file /secrets/store-ca/ca.crt --identity /work/identity.txt
}
sample_field() { kubectl --namespace shop get backuppolicy shop -o jsonpath="{.spec.tiers[?(@.name==\"cloud\")].s3.$1}"; }
condition() { kubectl --namespace shop get backuppolicy shop -o jsonpath="{.status.conditions[?(@.type==\"$1\")].$2}"; }

# Nothing can be recovered to an instant before WAL is archived and a whole backup leads into it.
wait_for_archive() {
  local waited=0
  say "Waiting until WAL is archived, and a backup leads into it"
  until [ "$(condition ArchivingHealthy status)" = True ] && [ -n "$(kubectl --namespace shop get backuppolicy shop -o jsonpath='{.status.recoverability.latestTime}')" ]; do
    if [ "$waited" -ge "$ARCHIVE_LIMIT_SECONDS" ]; then
      kubectl holdfast status shop --namespace shop >&2
      die "No instant could be recovered after $ARCHIVE_LIMIT_SECONDS seconds." "'kubectl holdfast doctor shop -n shop' says what is missing; then run make demo-pitr again."
    fi
    sleep 1
    waited=$((waited + 1))
  done
}

# A machine beside the shop, with PostgreSQL and the plugin. The identity comes out of the safe, for as long as the recovery takes.
start_recovery_machine() {
  say "Starting a pod to recover in"
  kubectl --namespace shop delete pod "$RECOVERY_POD" --ignore-not-found --wait --timeout=60s >/dev/null
  fill "$here/shop/recovery.yaml" "AGENT_IMAGE=$(image agent-17)" | kubectl apply -f - >/dev/null
  kubectl --namespace shop wait "pod/$RECOVERY_POD" --for=condition=Ready --timeout=120s >/dev/null ||
    die "The pod shop/$RECOVERY_POD did not start." "'kubectl -n shop describe pod $RECOVERY_POD' says why."
  kubectl --namespace shop exec -i "$RECOVERY_POD" -- sh -c 'umask 077 && cat >/work/identity.txt' <"$DEMO_DIR/identity.txt"
}

# Sets MISTAKE_AT, TARGET (a second before) and ROWS.
make_a_mistake() {
  ROWS=$(sql "SELECT count(*) FROM $LOST_TABLE")
  [ "$ROWS" -gt 0 ] || die "The table $LOST_TABLE is empty." "Run make demo-down and make demo, then this again."
  # The second before must belong to the time in which the table was there.
  sleep 2
  MISTAKE_AT=$(sql "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
  TARGET=$(date --utc --date="$MISTAKE_AT - 1 second" +%FT%T.%6NZ)
  sql "DROP TABLE $LOST_TABLE" >/dev/null
  say "At $MISTAKE_AT somebody dropped the table $LOST_TABLE with its $ROWS rows"
  sql "SELECT count(*) FROM $LOST_TABLE" 2>&1 | head -n 1 | sed 's/^/       /' || true
}

# The archive reaches the moment within its flushInterval and an upload.
show_the_plan() {
  local waited=0 answer
  until answer=$(plugin plan restore --to-time "$TARGET" --to /work/recovered 2>&1); do
    if [ "$waited" -ge "$ARCHIVE_LIMIT_SECONDS" ]; then
      printf '%s\n' "$answer" >&2
      die "The archive did not reach $TARGET in $ARCHIVE_LIMIT_SECONDS seconds." "'kubectl holdfast status shop -n shop' says how far it is."
    fi
    sleep 2
    waited=$((waited + 2))
  done
  echo
  kubectl holdfast status shop --namespace shop
  echo
  printf '%s\n\n' "$answer"
}

recover() {
  say "Recovering to $TARGET, in a directory of the pod"
  plugin restore --to-time "$TARGET" --to /work/recovered
  say "Starting the recovered server"
  recovery pg_ctl --pgdata=/work/recovered --wait --log=/work/server.log --options="-c listen_addresses= -c unix_socket_directories=/work" start >/dev/null || {
    recovery tail -n 20 /work/server.log >&2
    die "The recovered server did not start." "Its log stands above; the pod shop/$RECOVERY_POD is kept."
  }
}

show_the_table() {
  local found
  echo
  recovery psql --host=/work --username=postgres shop --command="SELECT count(*) AS rows, '$LOST_TABLE' AS table FROM $LOST_TABLE" --command='SELECT * FROM invariants'
  recovery psql --host=/work --username=postgres shop --command="SELECT max(written_at) AS newest_order, timestamptz '$TARGET' AS wanted FROM ledger"
  found=$(recovery psql --host=/work --username=postgres --tuples-only --no-align shop --command="SELECT count(*) FROM $LOST_TABLE")
  [ "$found" = "$ROWS" ] || die "The recovered table has $found rows, and $ROWS were there." "This is a fault of Holdfast. The pod shop/$RECOVERY_POD is kept."
}

# The shop never stopped: only the table goes back.
put_the_table_back() {
  say "Putting the table back into the running shop, which has taken orders all the while"
  recovery pg_dump --host=/work --username=postgres --table="$LOST_TABLE" shop |
    kubectl --namespace shop exec -i postgres-0 --container postgres -- psql --host=/tmp --username=postgres --no-psqlrc --quiet --set ON_ERROR_STOP=1 --single-transaction shop >/dev/null
  [ "$(sql "SELECT count(*) FROM $LOST_TABLE")" = "$ROWS" ] || die "The table did not come back whole." "The recovered server is in the pod shop/$RECOVERY_POD."
  kubectl --namespace shop delete pod "$RECOVERY_POD" --wait=false >/dev/null
  say "The table $LOST_TABLE is back with its $ROWS rows; the pod and the identity in it are gone"
}

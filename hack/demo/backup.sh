# shellcheck shell=bash
# The first backup, and what to look at afterwards.
FIRST_BACKUP=shop-first
BACKUP_LIMIT_SECONDS=300

# The store's folder outlives the cluster. A new cluster is another writer, so the old one's repository is put aside, not mixed with.
put_old_store_aside() {
  local id
  id=$(kubectl get namespace kube-system -o jsonpath='{.metadata.uid}')
  if [ -s "$DEMO_DIR/cluster-id" ] && [ "$(cat "$DEMO_DIR/cluster-id")" != "$id" ] && [ -d "$DEMO_DIR/bucket" ]; then
    say "The store of an earlier cluster is kept in .cluster/demo/before"
    rm -rf "$DEMO_DIR/before"
    mkdir -p "$DEMO_DIR/before"
    mv "$DEMO_DIR/bucket" "$DEMO_DIR/store-state" "$DEMO_DIR/before/"
  fi
  printf '%s' "$id" >"$DEMO_DIR/cluster-id"
}

backup_field() { kubectl --namespace shop get backup "$FIRST_BACKUP" -o jsonpath="$1" 2>/dev/null || true; }

explain_backup() {
  kubectl --namespace shop get backup "$FIRST_BACKUP" -o wide >&2 || true
  backup_field '{range .status.components[*]}{.name}: {.outcome} {.category} {.message}{"\n"}{end}' >&2
  backup_field '{range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{"\n"}{end}' >&2
  kubectl --namespace shop get pods --selector holdfast.dev/policy=shop >&2 || true
}

# So that the first backup leads into the WAL, and no second one is asked for because it does not.
wait_until_archiving() {
  say "Waiting until WAL is archived"
  if ! kubectl --namespace shop wait backuppolicy/shop --for=condition=ArchivingHealthy --timeout=120s >/dev/null 2>&1; then
    kubectl holdfast status shop --namespace shop >&2 || true
    kubectl --namespace shop logs deployment/shop-wal-db --tail 5 >&2 || true
    die "WAL of the shop was not archived after 120 seconds." "The condition ArchivingHealthy and the receiver's log above say why; then run hack/demo/up again."
  fi
}

first_backup() {
  if [ "$(backup_field '{.status.conditions[?(@.type=="Stalled")].status}')" = True ]; then
    # An earlier run of this script ended with a failure that has been mended since.
    kubectl --namespace shop delete backup "$FIRST_BACKUP" --timeout=60s >/dev/null
  fi
  kubectl apply -f - >/dev/null <<YAML
apiVersion: holdfast.dev/v1alpha1
kind: Backup
metadata: {name: $FIRST_BACKUP, namespace: shop}
spec: {policyRef: {name: shop}}
YAML
  say "Waiting for the first backup"
  local waited=0 phase seen=
  until [ "$(backup_field '{.status.conditions[?(@.type=="Replicated")].status}')" = True ]; do
    phase=$(backup_field '{.status.phase}')
    [ "$phase" = "$seen" ] || say "  ${phase:-Pending}"
    seen=$phase
    case "$phase" in
      Failed | PartiallyFailed)
        explain_backup
        die "The first backup ended as $phase." "Mend what the messages above name, then run hack/demo/up again."
        ;;
    esac
    if [ "$waited" -ge "$BACKUP_LIMIT_SECONDS" ]; then
      explain_backup
      die "The first backup was not on every tier after $BACKUP_LIMIT_SECONDS seconds." "'kubectl -n holdfast-system logs deployment/holdfast --all-pods' and the pods above may say why; then run hack/demo/up again."
    fi
    sleep 1
    waited=$((waited + 1))
  done
  say "The first backup is on every tier"
  wait_until_read
}

# So that what is shown at the end is what the stores themselves say.
wait_until_read() {
  local tiers unread=0
  tiers=$(kubectl --namespace shop get backuppolicy shop -o jsonpath='{.spec.tiers[*].name}' | wc -w)
  until [ "$(kubectl --namespace shop get backuppolicy shop -o jsonpath='{.status.tiers[*].latestBackupTime}' | wc -w)" -ge "$tiers" ] || [ $unread -ge 60 ]; do
    sleep 1
    unread=$((unread + 1))
  done
}

show_what_there_is() {
  echo
  kubectl holdfast status shop --namespace shop
  echo
  kubectl holdfast list shop --namespace shop
  cat <<'TEXT'

Three things to try (first: . .cluster/env):

  1. One more backup, while orders come in:
       kubectl holdfast backup shop --namespace shop --wait
  2. Look at what lies in the bucket, all of it encrypted, and ask without any cluster whether it is whole:
       find .cluster/demo/bucket/holdfast/shop -type f | sort | head -n 40
       kubectl holdfast list --from .cluster/demo/bucket/holdfast/shop/shop --verification-key .cluster/demo/identity.txt
  3. Bring the shop back by hand, with age, zstd, tar and PostgreSQL only:
       README.md, "Restoring by hand", has every command

The key that opens these backups is .cluster/demo/identity.txt. It is not in the cluster.
TEXT
}

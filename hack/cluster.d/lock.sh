# shellcheck shell=bash
# One cluster a machine. The lock names the checkout that holds it; it is dead when that checkout is gone or none of its components runs.

lock_holder() { cat "$LOCK_FILE" 2>/dev/null || echo nobody; }

# True when a live cluster of another checkout is there.
lock_of_another() {
  local holder
  holder=$(lock_holder)
  [ "$holder" != nobody ] && [ "$holder" != "$HOLDFAST_ROOT" ] && [ -d "$holder/.cluster" ] && [ -n "$(running_components)" ]
}

# One `up` or `down` at a time. The turn ends with this process.
wait_for_turn() {
  exec 9>"$LOCK_FILE.turn"
  if flock --nonblock 9; then return; fi
  say "Waiting for another hack/cluster of this machine to end"
  flock --timeout 600 9 || die "Another hack/cluster has been busy for ten minutes." "'lslocks' shows which (it holds $LOCK_FILE.turn); end it, then run the same command again."
}

# Makes the cluster of this machine ours. What a dead or another holder left is cleared away; a cluster of ours that runs is kept.
take_lock() {
  if lock_of_another; then
    [ "${TAKE:-}" = 1 ] || die "The cluster of this machine belongs to $(lock_holder)." "Run 'make down' there, or set TAKE=1 to take it over."
    say "Taking the cluster over from $(lock_holder)"
  fi
  # Without its certificates, nobody can talk to a running cluster any more.
  if [ "$(lock_holder)" != "$HOLDFAST_ROOT" ] || [ -z "$(running_components)" ] || [ ! -f "$CLUSTER_DIR/pki/done" ]; then
    clear_leftovers
  fi
  printf '%s\n' "$HOLDFAST_ROOT" >"$LOCK_FILE"
}

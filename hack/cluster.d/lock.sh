# shellcheck shell=bash
# One cluster a machine. The lock names the checkout that holds it; it is dead when none of that checkout's components runs.

lock_holder() { cat "$LOCK_FILE" 2>/dev/null || echo nobody; }

# True when a live cluster of another checkout is there.
lock_of_another() {
  local holder
  holder=$(lock_holder)
  [ "$holder" != nobody ] && [ "$holder" != "$HOLDFAST_ROOT" ] && [ -n "$(running_components)" ]
}

take_lock() {
  if lock_of_another; then
    [ "${TAKE:-}" = 1 ] || die "The cluster of this machine belongs to $(lock_holder)." "Bring it down there, or set TAKE=1 to take it over."
    say "Taking the cluster over from $(lock_holder)"
    clear_leftovers
  elif [ "$(lock_holder)" != "$HOLDFAST_ROOT" ] && [ -n "$(running_components)" ]; then
    clear_leftovers
  fi
  printf '%s\n' "$HOLDFAST_ROOT" >"$LOCK_FILE"
}

#!/usr/bin/env bash
# One session, one order after the other. When the connection breaks, psql ends, and Kubernetes starts this again.
set -euo pipefail
umask 077
printf '*:*:*:*:%s\n' "$(cat /secrets/web/password)" >"$PGPASSFILE"
mkdir -p /uploads/receipts
# Told to stop, it stops at once: an order is whole or is not.
trap 'exit 0' TERM

orders() {
  while :; do
    echo 'SELECT place_order();'
    sleep "${SECONDS_BETWEEN_ORDERS:-0.5}"
  done
}

orders | psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 | while read -r order; do
  # A thousand receipts are enough for a demo.
  printf 'order %s\nplaced %s\n' "$order" "$(date --utc +%FT%TZ)" >"/uploads/receipts/$((order % 1000)).txt"
  [ $((order % 20)) -ne 0 ] || echo "order $order"
done &
wait $!

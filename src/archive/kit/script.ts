// The script of the recovery kit: POSIX sh, and what every Debian has, besides age, zstd, tar and PostgreSQL's own programs. It is stored as it stands here.
export const kitScript = String.raw`#!/bin/sh
# Restores backups of this store without Holdfast and without Kubernetes: with age, zstd, tar and PostgreSQL's own programs.
# Run it in a copy of the store (the folder with holdfast.json), or name that folder in the variable STORE.
#
#   sh restore.sh list
#   sh restore.sh check BACKUP                                   are all objects there, as they were stored?
#   sh restore.sh physical BACKUP IDENTITY TARGET [COMPONENT]    a data directory that PostgreSQL starts on
#   sh restore.sh dumps BACKUP IDENTITY TARGET [COMPONENT]       globals.sql, and one file for each database
#   sh restore.sh wal LINEAGE IDENTITY %f "%p"                   as restore_command; the page beside this script says how
#
# BACKUP is a name that list prints, or "latest". IDENTITY is the file identity.txt out of the safe. TARGET must not be there yet.
# "check" looks at digests. With VERIFICATION_KEY=key.pem and openssl it checks the signature, too: only that proves who made the backup.
set -eu
umask 077
store=\${STORE:-.}

failure=1
die() {
  echo "restore.sh: $*" >&2
  exit "$failure"
}

[ -f "$store/holdfast.json" ] || die "there is no holdfast.json in $store: this is not a copy of a store. Set STORE."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What a signed document says, without its envelope: JSON on one line.
payload() { sed -n 's/.*"payload":"\([^"]*\)".*/\1/p' "$1" | base64 -d; }

field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

manifest() {
  [ -f "$store/manifests/$1.json" ] || die "there is no backup $1; 'list' shows those that there are."
  payload "$store/manifests/$1.json"
}

newest() { for file in "$store"/manifests/*.json; do basename "$file" .json; done | tail -n 1; }

# The part of a manifest that is about one component: the named one, or the only one.
component() {
  manifest "$1" | sed 's/{"name":"[^"]*","engine":"/\
&/g' | grep '^{"name":"[^"]*","engine":"' >"$work/components"
  if [ -n "\${2:-}" ]; then
    grep "^{\"name\":\"$2\"," "$work/components" || die "the backup $1 has no component $2."
  else
    [ "$(wc -l <"$work/components")" = 1 ] || die "the backup $1 has several components: name one."
    cat "$work/components"
  fi
}

# The key of an attempt, opened by the identity. Rotated keys add a file: any that opens will do.
open_key() {
  for file in "$store/keys/$1"/*.age; do
    age -d -i "$2" "$file" >"$3" 2>/dev/null && return
  done
  die "the identity does not open keys/$1."
}

# Everything up to the Full that a backup builds on, oldest first.
chain() {
  backup=$1
  links=
  while [ "$backup" != null ] && [ -n "$backup" ]; do
    links="$backup $links"
    backup=$(component "$backup" "$2" | field parent)
  done
  echo "$links"
}

folder() { echo "$store/data/$1/$(component "$1" "$2" | sed -n 's/^{"name":"\([^"]*\)".*/\1/p')/$(component "$1" "$2" | field attempt)"; }

open_artifact() { cat "$1/$2".zst.age.* | age -d -i "$3" | zstd -dcq; }

list() {
  for file in "$store"/manifests/*.json; do
    printf '%s  %s\n' "$(basename "$file" .json)" "$(payload "$file" | grep -o '"restorableTo":"[^"]*"' | cut -d '"' -f 4 | tr '\n' ' ')"
  done
}

check() {
  if [ -n "\${VERIFICATION_KEY:-}" ]; then
    document=$store/manifests/$1.json
    manifest "$1" >"$work/payload"
    type=$(field payloadType <"$document")
    { printf 'DSSEv1 %s %s %s ' "\${#type}" "$type" "$(($(wc -c <"$work/payload")))" && cat "$work/payload"; } >"$work/signed"
    sed -n 's/.*"sig":"\([^"]*\)".*/\1/p' "$document" | base64 -d >"$work/signature"
    openssl pkeyutl -verify -pubin -inkey "$VERIFICATION_KEY" -rawin -in "$work/signed" -sigfile "$work/signature" >&2 ||
      die "the signature of $document is wrong: do not trust this backup."
    grep -q "^{[^{]*\"key\":\"manifests/$1\.json\"" "$work/payload" || die "$document belongs to another place: do not trust this backup."
  fi
  manifest "$1" | grep -o '"key":"[^"]*","bytes":[0-9]*,"sha256":"[0-9a-f]*"' |
    sed 's/"key":"\([^"]*\)","bytes":[0-9]*,"sha256":"\([0-9a-f]*\)"/\2  \1/' >"$work/sums"
  (cd "$store" && sha256sum --check --quiet "$work/sums") || die "the backup $1 is not whole."
  echo "$1: all $(($(wc -l <"$work/sums"))) objects are as they were stored."
}

# What a copy must not do: write into the archive of its original, follow its primary, take its changes, wait for its replicas.
defuse() {
  cat >>"$1/postgresql.auto.conf" <<'END'
# Added by restore.sh, so that this copy does not act on the world of its original. Take lines away to undo them.
archive_mode = 'off'
archive_command = ''
restore_command = ''
primary_conninfo = ''
primary_slot_name = ''
synchronous_standby_names = ''
max_logical_replication_workers = '0'
END
}

physical() {
  links=$(chain "$1" "\${4:-}")
  part=$3.part
  mkdir "$part"
  number=0
  folders=
  for backup in $links; do
    number=$((number + 1))
    open_key "$(component "$backup" "\${4:-}" | field keyId)" "$2" "$work/key"
    mkdir "$part/$number"
    open_artifact "$(folder "$backup" "\${4:-}")" base.tar "$work/key" | tar -x -f - -C "$part/$number"
    folders="$folders $part/$number"
  done
  if [ "$number" = 1 ]; then
    mv "$part/1" "$part/whole"
  else
    # shellcheck disable=SC2086
    pg_combinebackup --output="$part/whole" $folders
  fi
  if command -v pg_verifybackup >/dev/null; then pg_verifybackup --quiet "$part/whole"; fi
  defuse "$part/whole"
  mv "$part/whole" "$3"
  rm -rf "$part"
  echo "Restored to $3. Start it:  pg_ctl --pgdata=$3 --options='-p 5433' --log=$3.log --wait start"
}

dumps() {
  open_key "$(component "$1" "\${4:-}" | field keyId)" "$2" "$work/key"
  from=$(folder "$1" "\${4:-}")
  mkdir "$3"
  for first in "$from"/*.dump.zst.age.00001 "$from"/globals.sql.zst.age.00001; do
    [ -f "$first" ] || continue
    name=$(basename "$first" .zst.age.00001)
    open_artifact "$from" "$name" "$work/key" >"$3/$name"
  done
  echo "In $3. First the roles:  psql --dbname=postgres --file=$3/globals.sql"
  echo "Then each database:     pg_restore --create --dbname=postgres $3/<database>.dump"
}

open_wal() {
  key=\${1##*/}
  key=\${key#"$2"}
  open_key "\${key%.zst.age}" "$identity" "$work/key"
  age -d -i "$work/key" "$1" | zstd -dcq
}

# One file of the WAL archive. 1: there is none, and nothing behind it; 200: PostgreSQL shall stop, as something in between is missing.
wal() {
  lineage=$store/wal/$1
  identity=$2
  name=$3
  place=$lineage/$(echo "$name" | cut -c 1-8)
  case $name in
  *.history)
    [ -f "$place/$name" ] || exit 1
    cp "$place/$name" "$4" || exit 200
    return
    ;;
  esac
  bytes=$(payload "$lineage/lineage.json" | field segmentBytes)
  for whole in "$place/$name-"*.zst.age; do
    [ -f "$whole" ] || continue
    open_wal "$whole" "$name-" >"$4" || exit 200
    return
  done
  start=$((0x$(echo "$name" | cut -c 9-16) * 0x100000000 + 0x$(echo "$name" | cut -c 17-24) * bytes))
  at=$start
  : >"$work/segment"
  while next=$(farthest "$place/pieces/$name" "$at") && [ -n "$next" ]; do
    from=$((0x$(basename "$next" | cut -c 1-16)))
    to=$((0x$(basename "$next" | cut -c 18-33)))
    open_wal "$next" "$(basename "$next" | cut -c 1-34)" >"$work/piece" || exit 200
    tail -c "+$((at - from + 1))" "$work/piece" >>"$work/segment"
    at=$to
  done
  if [ "$at" = "$start" ]; then
    for other in "$place"/*-*.zst.age "$place"/pieces/*; do
      [ ! -e "$other" ] || ! expr "$(basename "$other" | cut -c 1-24)" '>' "$name" >/dev/null || exit 200
    done
    exit 1
  fi
  truncate -s "$bytes" "$work/segment" && cp "$work/segment" "$4" || exit 200
}

# Of the pieces that hold the byte at $2, the one that goes farthest.
farthest() {
  best=
  for piece in "$1"/*.zst.age; do
    [ -f "$piece" ] || continue
    file=$(basename "$piece")
    if [ $((0x$(echo "$file" | cut -c 1-16))) -le "$2" ] && [ $((0x$(echo "$file" | cut -c 18-33))) -gt "$2" ]; then
      if [ -z "$best" ] || expr "$(echo "$file" | cut -c 18-33)" '>' "$(basename "$best" | cut -c 18-33)" >/dev/null; then best=$piece; fi
    fi
  done
  echo "$best"
}

named() { if [ "$1" = latest ]; then newest; else echo "$1"; fi; }

case \${1:-} in
list) list ;;
check)
  [ $# = 2 ] || die "usage: check BACKUP"
  check "$(named "$2")"
  ;;
physical | dumps)
  [ $# -ge 4 ] || die "usage: $1 BACKUP IDENTITY TARGET [COMPONENT]"
  [ ! -e "$4" ] || die "$4 is there already: nothing is written over."
  "$1" "$(named "$2")" "$3" "$4" "\${5:-}"
  ;;
wal)
  [ $# = 5 ] || exit 200
  # Only 1 says that a file does not exist. Any other trouble must stop the server.
  code=0
  failure=200
  (trap - EXIT; wal "$2" "$3" "$4" "$5") || code=$?
  [ "$code" -le 1 ] || exit 200
  exit "$code"
  ;;
*) die "usage: list | check | physical | dumps | wal; the head of this file explains them." ;;
esac
`.replaceAll('\\$', '$');

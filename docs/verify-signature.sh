#!/usr/bin/env bash
# Checks the signature of a stored document (manifests/…, writers/…, component.json) and prints what it says.
# usage: verify-signature.sh DOCUMENT PUBLIC_KEY.pem      needs openssl 3 and jq
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
type=$(jq -re .payloadType "$1")
jq -re .payload "$1" | base64 -d >"$work/payload"
jq -re '.signatures[0].sig' "$1" | base64 -d >"$work/signature"
# What is signed: type and payload with their lengths (DSSE).
{ printf 'DSSEv1 %d %s %d ' "${#type}" "$type" "$(wc -c <"$work/payload")"; cat "$work/payload"; } >"$work/signed"
openssl pkeyutl -verify -pubin -inkey "$2" -rawin -in "$work/signed" -sigfile "$work/signature" >&2
cat "$work/payload"

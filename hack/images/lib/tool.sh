# shellcheck shell=bash
# buildah with its storage in our cache. To be sourced after common.sh.
LOGS=$HOLDFAST_CACHE/logs

tool() { buildah --root "$HOLDFAST_CACHE/buildah" --runroot "$RUN_DIR/buildah" --storage-driver overlay "$@"; }

# shellcheck shell=bash
# The settings of the local registry. To be sourced after common.sh.

# Writes them, and prints where they are.
registry_config() {
  cat >"$RUN_DIR/registry.yaml" <<YAML
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: "$HOLDFAST_CACHE/registry"}
  delete: {enabled: true}
http: {addr: "127.0.0.1:$REGISTRY_PORT"}
YAML
  echo "$RUN_DIR/registry.yaml"
}

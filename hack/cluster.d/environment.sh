# shellcheck shell=bash
# What people use the cluster with: .cluster/env, to be sourced, and the plugin of kubectl.

write_environment() {
  cat >"$CLUSTER_DIR/env" <<ENV
export KUBECONFIG="$CLUSTER_DIR/kubeconfig"
export PATH="$CLUSTER_DIR/bin:$HOLDFAST_ROOT/node_modules/node/bin:\$PATH"
ENV
  write_plugin
}

# `kubectl holdfast`: the bundle of this checkout where it is as new as the sources, else the sources.
write_plugin() {
  local file=$CLUSTER_DIR/bin/kubectl-holdfast
  cat >"$file.part" <<PLUGIN
#!/bin/sh
# Written by hack/cluster.
root="$HOLDFAST_ROOT"
main="\$root/dist/cli.js"
if [ ! -f "\$main" ] || [ -n "\$(find "\$root/src" -name '*.ts' -newer "\$main" -print -quit)" ]; then main="\$root/src/cli.ts"; fi
exec "\$root/node_modules/node/bin/node" "\$main" "\$@"
PLUGIN
  chmod +x "$file.part"
  mv "$file.part" "$file"
}

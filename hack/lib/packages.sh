# shellcheck shell=bash
# Debian packages. To be sourced after common.sh; LOGS names the folder of logs.

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | tr -d ' ')" = ii ]; }

# Installs those that are missing. usage: install_packages NAME...
install_packages() {
  local missing=() package
  command -v dpkg-query >/dev/null || die "This is no Debian: there is no dpkg." "Use Debian 12."
  for package in "$@"; do is_installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || die "These packages are missing: ${missing[*]}" "Run this as root, or install them by hand."
  # A broken list of somebody else's packages is no reason to stop: whether ours are to be had shows next.
  quietly "Reading the lists of packages" "$LOGS/apt-update.log" sh -c 'apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 update || true'
  forbid_services
  quietly "Installing ${missing[*]}" "$LOGS/apt-install.log" env DEBIAN_FRONTEND=noninteractive \
    apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}"
  allow_services
}

# No service may start by itself: the cluster starts its own containerd.
SERVICE_GUARD=/usr/sbin/policy-rc.d
forbid_services() {
  if [ -e $SERVICE_GUARD ] && ! grep -q holdfast $SERVICE_GUARD; then return; fi
  printf '#!/bin/sh\n# Of holdfast/hack/bootstrap, gone when it ends.\nexit 101\n' >$SERVICE_GUARD
  chmod +x $SERVICE_GUARD
  trap allow_services EXIT
}
allow_services() { if grep -qs holdfast $SERVICE_GUARD; then rm -f $SERVICE_GUARD; fi; }

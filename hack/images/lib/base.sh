# shellcheck shell=bash
# The base of all images: a small Debian trixie, made by debootstrap, so that no image has to be pulled.

# The mirror that this machine's apt uses.
mirror() { grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -n 1 | tr -d ' ' || true; }

# usage: bootstrap_debian FOLDER [MIRROR]. An old debootstrap has no script for trixie; those of all releases are the same.
bootstrap_debian() {
  local scripts=/usr/share/debootstrap/scripts
  [ -e $scripts/trixie ] || ln -s sid $scripts/trixie
  rm -rf "$1"
  debootstrap --variant=minbase --include=ca-certificates trixie "$@"
}

# From this machine's mirror, else from the default of debootstrap.
make_rootfs() {
  local root=$HOLDFAST_CACHE/rootfs tar=$HOLDFAST_CACHE/rootfs.tar own
  own=$(mirror)
  if [ -z "$own" ] || ! bootstrap_debian "$root" "$own"; then
    bootstrap_debian "$root"
  fi
  rm -rf "${root:?}"/var/cache/apt/archives/*.deb "${root:?}"/dev/*
  tar -C "$root" -cf "$tar.part" .
  mv "$tar.part" "$tar"
  rm -rf "$root"
}

base_image() {
  ! tool inspect --type image "$BASE_IMAGE" >/dev/null 2>&1 || return 0
  local tar=$HOLDFAST_CACHE/rootfs.tar
  [ -s "$tar" ] || quietly "Making the base image (Debian trixie, half a minute)" "$LOGS/debootstrap.log" make_rootfs
  mkdir -p "$STAGE/base"
  ln -f "$tar" "$STAGE/base/rootfs.tar" 2>/dev/null || cp "$tar" "$STAGE/base/rootfs.tar"
  printf 'FROM scratch\nADD rootfs.tar /\nCMD ["/bin/bash"]\n' >"$STAGE/base/Dockerfile"
  quietly "Importing the base image" "$LOGS/base.log" tool bud --isolation chroot -t "$BASE_IMAGE" "$STAGE/base"
  rm -rf "$STAGE/base"
}

# shellcheck shell=bash
# The bases of all images: small Debians, made by debootstrap, so that no image has to be pulled. Nearly all are of trixie;
# each major version of PostgreSQL comes from the release of Debian that has it.

# usage: suite_of MAJOR, a major version of PostgreSQL
suite_of() {
  case "$1" in
    15) echo bookworm ;;
    17) echo trixie ;;
    18) echo forky ;;
    *) die "No release of Debian that is known here has PostgreSQL $1." "There are 15, 17 and 18; add it to suite_of in hack/images/lib/base.sh." ;;
  esac
}

# The mirror that this machine's apt uses.
mirror() { grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -n 1 | tr -d ' ' || true; }

# usage: bootstrap_debian SUITE FOLDER [MIRROR]. An old debootstrap has no script for a new release; those of all releases are the same.
bootstrap_debian() {
  local scripts=/usr/share/debootstrap/scripts suite=$1
  shift
  [ -e "$scripts/$suite" ] || ln -s sid "$scripts/$suite"
  rm -rf "$1"
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$@"
}

rootfs_tar() { echo "$HOLDFAST_CACHE/rootfs-$1.tar"; }

# usage: make_rootfs SUITE. From this machine's mirror, else from the default of debootstrap.
make_rootfs() {
  local suite=$1 root=$HOLDFAST_CACHE/rootfs-$1 tar own
  tar=$(rootfs_tar "$suite")
  own=$(mirror)
  if [ -z "$own" ] || ! bootstrap_debian "$suite" "$root" "$own"; then
    bootstrap_debian "$suite" "$root"
  fi
  rm -rf "${root:?}"/var/cache/apt/archives/*.deb "${root:?}"/dev/*
  # The index of a release that still changes expires after days; a mirror that is a few weeks behind must do for tests.
  echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/90-old-mirror"
  tar -C "$root" -cf "$tar.part" .
  mv "$tar.part" "$tar"
  rm -rf "$root"
}

base_name() { echo "localhost/debian:$1-slim"; }

# usage: base_image SUITE. The archive of a base that only one image needs is not kept.
base_image() {
  local suite=$1 tar name
  name=$(base_name "$suite")
  ! tool inspect --type image "$name" >/dev/null 2>&1 || return 0
  tar=$(rootfs_tar "$suite")
  [ -s "$tar" ] || quietly "Making the base image (Debian $suite, half a minute)" "$LOGS/debootstrap-$suite.log" make_rootfs "$suite"
  mkdir -p "$STAGE/base"
  ln -f "$tar" "$STAGE/base/rootfs.tar" 2>/dev/null || cp "$tar" "$STAGE/base/rootfs.tar"
  printf 'FROM scratch\nADD rootfs.tar /\nCMD ["/bin/bash"]\n' >"$STAGE/base/Dockerfile"
  quietly "Importing the base image (Debian $suite)" "$LOGS/base-$suite.log" tool bud --isolation chroot -t "$name" "$STAGE/base"
  rm -rf "$STAGE/base"
  [ "$suite" = trixie ] || rm -f "$tar"
}

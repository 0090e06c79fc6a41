#!/usr/bin/env bash
# Backs up a directory.
set -euo pipefail

TARGET=/var/backups

# Print a message
# and leave.
die() {
  echo "$1" >&2
  exit 1
}

function rotate {
  local file=$1
  mv "$file" "$file.1"
}

[[ -d $TARGET ]] || die "no target"
rotate "$TARGET/last"

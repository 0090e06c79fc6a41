#!/bin/sh
# What `make demo` runs: index this repository in a home of its own, then ask three questions.
set -eu
cd "$(dirname "$0")/.."
CODESEARCH_HOME="${CODESEARCH_HOME:-$PWD/.venv-demo/home}"
export CODESEARCH_HOME
ask() {
    printf '\n$ codesearch search "%s" -n 3\n' "$1"
    codesearch search "$1" -n 3
}
printf '$ codesearch index\n'
codesearch index
ask "what happens when the disk is full?"
ask "split an identifier into words"
ask "which files are left out of the index, and why?"

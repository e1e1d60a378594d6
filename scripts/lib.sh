# shellcheck shell=bash
# What the scripts share: source it.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/feishu-freebusy
# Python finds the integration and the developers' packages here
export PYTHONPATH=$root:$root/dev
uv_version=0.13.9

# With this set, Home Assistant would be compiled again at every start
unset PYTHONDONTWRITEBYTECODE
# Use the system's certificates, if any: they may include a company's own authority
if [[ -z ${SSL_CERT_FILE:-} && -s /etc/ssl/certs/ca-certificates.crt ]]; then
  export SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
fi

say() { printf '%s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# publish BUILT PLACE: moves a finished folder to its place in one step. If another run was faster, its result stays and
# this one is deleted.
publish() {
  local built=$1.$$
  mv "$1" "$built"
  mv "$built" "$2"
  rm -rf "${2:?}/${built##*/}"
}

# find_uv [PYTHON]: prints the path of a uv. Where there is none, pip puts one into the cache; nothing is installed.
find_uv() (
  set -euo pipefail
  own=$cache/uv-$uv_version
  for uv in "$own/bin/uv" "$(type -P uv)"; do
    "$uv" --version >/dev/null 2>&1 && echo "$uv" && exit
  done
  say "getting uv $uv_version"
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/.uv.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  python=${1:-python3}
  if ! "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv "$work/venv" >/dev/null 2>&1 || die "no uv here, and no pip to get one with"
    python=$work/venv/bin/python
  fi
  "$python" -m pip -qq --disable-pip-version-check --no-input \
    install --no-deps --root-user-action ignore --target "$work/uv" "uv==$uv_version" >&2 || die "pip could not get uv"
  [[ -x $own/bin/uv ]] || rm -rf "$own"
  publish "$work/uv" "$own"
  echo "$own/bin/uv"
)

# environment NAME: prints the path of a virtualenv with exactly the packages of dev/requirements/NAME.txt; creates it if missing.
environment() (
  set -euo pipefail
  wanted=$root/dev/requirements/$1.txt
  [[ -f $wanted ]] || die "there is no dev/requirements/$1.txt"
  place=$root/.venv/$1-$(cksum <"$wanted" | cut -d ' ' -f 1)
  if "$place/bin/python" -c '' 2>/dev/null; then
    echo "$place"
    exit
  fi
  python=$("$root/scripts/python")
  uv=$(find_uv "$python")
  say "installing $(grep -c == "$wanted") packages into .venv/${place##*/}, which happens once and takes a minute or more"
  mkdir -p "$root/.venv"
  find "$root/.venv" -mindepth 1 -maxdepth 1 -name '.*' -mtime +1 -exec rm -rf {} + # leftovers of killed runs
  work=$(mktemp -d "$root/.venv/.$1.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  export UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-120}
  # The list is complete: do not resolve anything, and keep overridden versions
  "$uv" --quiet venv --relocatable --python "$python" "$work/env"
  "$uv" --quiet pip install --python "$work/env" --no-deps --requirements "$wanted" || die "could not install dev/requirements/$1.txt"
  for old in "$root/.venv/$1-"[0-9]*; do
    if [[ $old != "$place" ]] || ! "$old/bin/python" -c '' 2>/dev/null; then rm -rf "$old"; fi
  done
  publish "$work/env" "$place"
  echo "$place"
)

# version NAME [PACKAGE]: prints the version of a package, by default of Home Assistant, in an environment.
version() { sed -n "s/^${2:-homeassistant}==//p" "$root/dev/requirements/$1.txt"; }

# stage TITLE COMMAND...: runs a command under a title; ends the script if it fails.
stage() {
  local title=$1
  printf '\n== %s (at %s s)\n' "$title" "$SECONDS"
  shift
  "$@" || die "failed after $SECONDS s: $title"
}

# beside TITLE COMMAND...: starts a command that runs beside the next stages. joined TITLE: waits for it, and ends as a stage does.
declare -A beside_pid beside_output
beside() {
  local title=$1
  shift
  beside_output[$title]=$(mktemp)
  set -m # a process group of its own, which can be ended as a whole, and which does not ignore SIGINT
  ("$@") >"${beside_output[$title]}" 2>&1 </dev/null &
  beside_pid[$title]=$!
  set +m
  trap end_beside EXIT
}
joined() {
  local title=$1 status=0
  wait "${beside_pid[$title]}" || status=$?
  printf '\n== %s (at %s s)\n' "$title" "$SECONDS"
  cat "${beside_output[$title]}"
  rm -f "${beside_output[$title]}"
  unset "beside_pid[$title]" "beside_output[$title]"
  ((!status)) || die "failed after $SECONDS s: $title"
}
end_beside() {
  local pid
  for pid in "${beside_pid[@]}"; do kill -INT -- "-$pid" 2>/dev/null || true; done
  for pid in "${beside_pid[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -f "${beside_output[@]}"
}

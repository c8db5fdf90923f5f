# Shared by quickstart.sh and test.sh; sourced, not run. Goes to the top of the sources whatever the working directory.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8 # a bare machine has no other locale

# A compile job of a LibTorch unit takes up to 2 GB.
jobs=$(awk -v cores="$(nproc)" '/^MemAvailable/ { most = int($2 / 2000000) }
  END { if (most > cores) most = cores; print (most > 1 ? most : 1) }' /proc/meminfo)

stage_name=""
# stage NAME: announces a stage; the one before gets its duration.
stage() {
  end_stage
  stage_name=$1
  stage_start=$SECONDS
  printf '== %s\n' "$1"
}
end_stage() {
  [ -z "$stage_name" ] || printf '== %s: %d s\n\n' "$stage_name" $((SECONDS - stage_start))
  stage_name=""
}

# install_packages program|all: what packages.txt lists, its first part or all of it, and this machine lacks; installed
# as root or through sudo.
install_packages() {
  local missing=() package
  while read -r package; do
    case $package in
      '# == tests:'*) [ "$1" = all ] && continue || break ;;
      '' | '#'*) continue ;;
    esac
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done <packages.txt
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      echo "packages are missing and neither root nor sudo is here; as root: apt-get install ${missing[*]}" >&2
      exit 1
    }
    root=(sudo)
  fi
  local install=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600
    -o Acquire::Retries=3 -qq -y --no-install-recommends install "${missing[@]}")
  echo "installing ${missing[*]}"
  # Lists that are absent or out of date show as a failed install.
  "${install[@]}" >/dev/null 2>&1 ||
    { "${root[@]}" apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -qq update && "${install[@]}" >/dev/null; } || {
    echo "apt-get cannot install: ${missing[*]}" >&2
    exit 1
  }
}

command -v apt-get >/dev/null || {
  echo "no apt-get here: on this system install what packages.txt lists by other means, then build as README.md says" >&2
  exit 1
}

# System packages: sourced by deploy/run and tests/run. Nothing is installed that is already there, whatever it came from.
# Each entry is PROBE=PACKAGE: a command, or a path with wildcards, that tells whether the package is needed.

PACKAGES_FOR_SERVERS=('/usr/lib/postgresql/*/bin/initdb=postgresql' '/usr/lib/rabbitmq/bin/rabbitmq-server=rabbitmq-server' 'epmd=erlang-base')
PACKAGES_FOR_S3=('ceph-mon=ceph-mon' 'ceph-osd=ceph-osd' 'radosgw=radosgw' 'ceph=ceph-common')
PACKAGES_FOR_DEMO=('/usr/sbin/sshd=openssh-server')
PACKAGES_FOR_BUILDING=('node=nodejs' 'npm=npm')
PACKAGES_FOR_RUNNING=('openssl=openssl' 'curl=curl' 'prlimit=util-linux' 'ss=iproute2' 'pgrep=procps' 'psql=postgresql-client' 'ssh=openssh-client'
  # What files are packed with: the libraries are loaded by the reading process.
  '/usr/lib/*/libz.so.1=zlib1g' '/usr/lib/*/libzstd.so.1=libzstd1' '/usr/lib/*/libsnappy.so.1=libsnappy1v5' '/usr/lib/*/libbz2.so.1.0=libbz2-1.0' '/usr/lib/*/liblzma.so.5=liblzma5' 'gpg=gnupg')
PACKAGES_FOR_TESTS=("${PACKAGES_FOR_SERVERS[@]}" "${PACKAGES_FOR_S3[@]}" "${PACKAGES_FOR_BUILDING[@]}" "${PACKAGES_FOR_RUNNING[@]}"
  '/usr/sbin/sshd=openssh-server' '/usr/lib/python3/dist-packages/asyncssh/__init__.py=python3-asyncssh'
  'gzip=gzip' 'zstd=zstd' 'bzip2=bzip2' 'xz=xz-utils' 'zip=zip' 'tar=tar')
# What the platform is measured against.
PACKAGES_FOR_BENCHMARKS=('pgloader=pgloader' '/usr/sbin/nginx=nginx' 'rclone=rclone' 'aws=awscli')

is_there() {
  case $1 in
    /*) compgen -G "$1" > /dev/null ;;
    *) command -v "$1" > /dev/null ;;
  esac
}

# require_packages PROBE=PACKAGE...: installs what is missing, or names it and ends.
require_packages() {
  local entry missing=() as_root=()
  for entry in "$@"; do
    is_there "${entry%%=*}" || missing+=("${entry#*=}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  if [ "$(id -u)" != 0 ]; then
    as_root=(sudo)
    if ! command -v sudo > /dev/null || ! { sudo -n true 2> /dev/null || [ -t 0 ]; }; then
      fail "Missing on this machine: ${missing[*]}. Install them as root, then run this again:
  apt-get install --no-install-recommends ${missing[*]}"
    fi
  fi
  command -v apt-get > /dev/null || fail "Missing on this machine, which has no apt-get: the equivalents of Debian's packages ${missing[*]}."

  say "Installing ${missing[*]} ..."
  # Debian starts a server as soon as it is installed. The platform runs its own private ones, so that is refused for the moment of the installation.
  local policy=/usr/sbin/policy-rc.d written=
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" > /dev/null
    "${as_root[@]}" chmod 755 "$policy"
    written=yes
  fi
  local status=0 log
  log=$(mktemp)
  { "${as_root[@]}" apt-get update -q && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } > "$log" 2>&1 || status=$?
  [ -z "$written" ] || "${as_root[@]}" rm -f "$policy"
  [ "$status" = 0 ] || tail -n 20 "$log" >&2
  rm -f "$log"
  [ "$status" = 0 ] || fail "The packages ${missing[*]} cannot be installed; apt-get's last messages are above."

  for entry in "$@"; do
    is_there "${entry%%=*}" || fail "The package ${entry#*=} is installed, but ${entry%%=*} is still missing."
  done
}

require_dotnet() {
  command -v dotnet > /dev/null && dotnet --list-sdks | grep -q '^10\.' \
    || fail "The .NET 10 SDK is missing. Install it (https://dotnet.microsoft.com/download/dotnet/10.0) so that 'dotnet --list-sdks' shows a 10.0 version."
}

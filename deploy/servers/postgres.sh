#!/usr/bin/env bash
# A private PostgreSQL on the loopback interface, all of its data in one folder.
#   postgres.sh start FOLDER PORT [setting=value...]   up and answering when it returns; data of an earlier start is kept
#   postgres.sh hold  FOLDER PORT [setting=value...]   the same, prints "ready", stops when standard input closes
#   postgres.sh stop  FOLDER
# Superuser 'postgres'; its password is made once, in FOLDER/password (or $PASSWORD_FILE).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../lib/processes.sh"

action=${1:-}
folder=${2:-}
[ -n "$folder" ] || fail "usage: postgres.sh start|hold FOLDER PORT [setting=value...] | stop FOLDER"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
data=$folder/data
password_file=${PASSWORD_FILE:-$folder/password}

# Debian keeps the binaries out of the PATH, one folder per version.
bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
[ -x "$bin/postgres" ] || bin=$(dirname "$(command -v postgres || echo /nowhere/postgres)")
[ -x "$bin/initdb" ] || fail "PostgreSQL is not installed (package postgresql-15)."

# PostgreSQL refuses to run as root. Its own user may not be able to reach the folder, for example in a home directory closed to others; then it gets the right to pass through.
as_owner=()
if [ "$(id -u)" = 0 ]; then
  id postgres > /dev/null 2>&1 || fail "PostgreSQL does not run as root, and the user 'postgres' does not exist (package postgresql-common makes it)."
  as_owner=(setpriv --reuid=postgres --regid=postgres --init-groups)
  if ! (cd / && "${as_owner[@]}" test -x "$folder"); then
    as_owner+=(--inh-caps=+dac_override --ambient-caps=+dac_override)
  fi
fi
owner() { (cd / && "${as_owner[@]}" "$@"); }

server_pid() {
  local pid
  [ -f "$data/postmaster.pid" ] || return 1
  read -r pid < "$data/postmaster.pid"
  # The file survives a crash of the machine; only a process working in this very folder is ours.
  [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$data" ] && printf '%s' "$pid"
}

stop() {
  local pid
  pid=$(server_pid) || return 0
  # Fast shutdown: sessions are ended, everything committed is kept.
  kill -INT "$pid" 2>/dev/null || true
  if ! wait_until 30 gone "$pid"; then
    kill -QUIT "$pid" 2>/dev/null || true
    wait_until 10 gone "$pid" || fail "PostgreSQL (process $pid) cannot be stopped."
  fi
}

start() {
  local port=$1
  shift
  if server_pid > /dev/null; then
    stop
  fi
  require_free "$port" PostgreSQL "Choose another port."
  new_secret "$password_file"
  if [ ! -f "$data/PG_VERSION" ]; then
    rm -rf "$data"
    mkdir -m 700 "$data"
    [ "$(id -u)" != 0 ] || chown postgres: "$data"
    owner "$bin/initdb" -D "$data" -U postgres -E UTF8 --locale=C.UTF-8 -A scram-sha-256 --pwfile=/dev/stdin < "$password_file" > "$folder/initdb.log" 2>&1 \
      || fail "PostgreSQL cannot make its data folder; $folder/initdb.log says: $(tail -n 3 "$folder/initdb.log")"
  fi
  local settings=(
    -c listen_addresses=127.0.0.1 -c "port=$port" -c unix_socket_directories=
    -c shared_buffers=512MB -c max_wal_size=4GB -c wal_level=replica -c max_connections=300 -c log_min_messages=warning
  )
  local setting
  for setting in "$@"; do
    settings+=(-c "$setting")
  done
  (umask 077 && : > "$folder/log")
  # exec: the server itself must be the started process, detached from this terminal's Ctrl-C.
  (cd / && exec setsid "${as_owner[@]}" "$bin/postgres" -D "$data" "${settings[@]}") >> "$folder/log" 2>&1 < /dev/null &
  local pid=$!
  disown
  answers() { gone "$pid" || "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; }
  if ! wait_until 60 answers || gone "$pid"; then
    kill -KILL "$pid" 2>/dev/null || true
    fail "PostgreSQL does not start; $folder/log says: $(tail -n 5 "$folder/log")"
  fi
}

case $action in
  start) start "${@:3}" ;;
  hold)
    start "${@:3}"
    say ready
    serve_until_stdin_ends "${BASH_SOURCE[0]}" stop "$folder"
    ;;
  stop) stop ;;
  *) fail "postgres.sh: unknown action '$action'; start, hold and stop exist." ;;
esac

# Processes and ports: sourced by everything under deploy/ and tests/ that starts something.
# A pid file holds "PID START_TIME": a process id alone may belong to a stranger after a reboot or a wrap-around.

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# start_time PID: clock ticks since boot at which the process began; empty when there is none.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  stat=${stat##*) }
  # shellcheck disable=SC2086
  set -- $stat
  # A zombie is dead already; its entry only waits for its parent.
  [ "$1" = Z ] || printf '%s' "${20}"
}

# remember_pid FILE PID
remember_pid() { printf '%s %s\n' "$2" "$(start_time "$2")" > "$1"; }

# living_pid FILE: prints the process id when exactly that process still lives.
living_pid() {
  local pid='' started=''
  [ -f "$1" ] && read -r pid started < "$1" || return 1
  [ -n "$pid" ] && [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] && printf '%s' "$pid"
}

# wait_until SECONDS COMMAND...: polls the command until it succeeds; fails at the deadline.
wait_until() {
  local deadline=$(($(date +%s%N) + $1 * 1000000000)); shift
  until "$@"; do
    [ "$(date +%s%N)" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}

gone() { [ -z "$(start_time "$1")" ]; }

# stop_pid FILE SIGNAL SECONDS: signals the process, then kills it at the deadline; the file is removed.
stop_pid() {
  local pid
  if pid=$(living_pid "$1"); then
    kill "-$2" "$pid" 2>/dev/null || true
    if ! wait_until "$3" gone "$pid"; then
      kill -KILL "$pid" 2>/dev/null || true
      wait_until 10 gone "$pid" || say "process $pid of $1 cannot be ended" >&2
    fi
  fi
  rm -f "$1"
}

port_open() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# port_owner PORT: "name (process id N)" of whoever listens there, as far as this user may know.
port_owner() {
  local owner
  owner=$(ss -Hltnp "sport = :$1" 2>/dev/null | sed -nE 's/.*users:\(\("([^"]+)",pid=([0-9]+).*/\1 (process id \2)/p' | head -n 1)
  printf '%s' "${owner:-a process of another user}"
}

# require_free PORT PURPOSE REMEDY
require_free() {
  if port_open "$1"; then
    fail "Port $1, needed for $2, is taken by $(port_owner "$1"). $3"
  fi
}

# new_secret FILE [BYTES]: makes a random hexadecimal secret once, readable by this user only.
new_secret() {
  [ -s "$1" ] || (umask 077 && od -An -tx1 -N"${2:-24}" /dev/urandom | tr -d ' \n' > "$1.new" && mv "$1.new" "$1")
}

# serve_until_stdin_ends STOP_COMMAND...: keeps what was started until standard input closes, which happens however the starter ends.
serve_until_stdin_ends() {
  trap '' INT
  trap 'exit 143' TERM
  # shellcheck disable=SC2064
  trap "$(printf '%q ' "$@")" EXIT
  cat > /dev/null || true
}

# free_ports COUNT: prints ports nobody listens on, from below the range that outgoing connections use.
free_ports() {
  local found=() port
  while [ ${#found[@]} -lt "$1" ]; do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    [[ " ${found[*]} " == *" $port "* ]] || port_open "$port" || found+=("$port")
  done
  printf '%s\n' "${found[@]}"
}

#!/usr/bin/env bash
# A private RabbitMQ on the loopback interface, all of its data in one folder.
#   rabbitmq.sh start  FOLDER PORT NODE_PORT EPMD_PORT   up and answering when it returns; data of an earlier start is kept
#   rabbitmq.sh hold   FOLDER PORT NODE_PORT EPMD_PORT   the same, prints "ready", stops when standard input closes
#   rabbitmq.sh stop   FOLDER
#   rabbitmq.sh vhosts FOLDER add|delete NAME...         all of them in one call to the node, as each call costs a second
# User 'platform', virtual host 'platform'; the password is made once, in FOLDER/password (or $PASSWORD_FILE).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../lib/processes.sh"

action=${1:-}
folder=${2:-}
[ -n "$folder" ] || fail "usage: rabbitmq.sh start|hold FOLDER PORT NODE_PORT EPMD_PORT | stop FOLDER | vhosts FOLDER add|delete NAME..."
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
password_file=${PASSWORD_FILE:-$folder/password}

# Debian's wrapper in /usr/sbin changes the user and drops the environment; the scripts themselves do neither.
bin=/usr/lib/rabbitmq/bin
[ -x "$bin/rabbitmq-server" ] || fail "RabbitMQ is not installed (package rabbitmq-server)."

use_node() {
  export HOME=$folder/home RABBITMQ_NODENAME=platform@localhost RABBITMQ_DIST_PORT=$1 ERL_EPMD_PORT=$2 ERL_EPMD_ADDRESS=127.0.0.1
  export RABBITMQ_BASE=$folder RABBITMQ_MNESIA_BASE=$folder/mnesia RABBITMQ_LOG_BASE=$folder/log
  export RABBITMQ_CONFIG_FILE=$folder/rabbitmq.conf RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_ENABLED_PLUGINS_FILE=$folder/plugins
  # No busy waiting: the broker shares the machine. No epmd of its own: that one would outlive it.
  export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false +sbwt none +sbwtdcpu none +sbwtdio none"
}

stop() {
  stop_pid "$folder/node.pid" TERM 30
  stop_pid "$folder/epmd.pid" TERM 5
}

start() {
  local port=$1 node_port=$2 epmd_port=$3 password
  stop
  require_free "$port" RabbitMQ "Choose another port."
  require_free "$node_port" "RabbitMQ's node" "Choose another port."
  require_free "$epmd_port" "RabbitMQ's port mapper" "Choose another port."
  new_secret "$password_file"
  password=$(cat "$password_file")
  mkdir -p "$folder"/{home,mnesia,log}
  chmod 700 "$folder/home"
  printf '%s %s\n' "$node_port" "$epmd_port" > "$folder/ports"
  (umask 077 && cat > "$folder/rabbitmq.conf") <<CONF
listeners.tcp.1 = 127.0.0.1:$port
default_user = platform
default_pass = $password
default_vhost = platform
log.console = false
log.file.level = warning
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 50MB
raft.wal_max_size_bytes = 64000000
CONF
  echo '[].' > "$folder/plugins"
  use_node "$node_port" "$epmd_port"

  local epmd
  epmd=$(command -v epmd) || fail "Erlang's epmd is not installed (package erlang-base)."
  (exec setsid "$epmd" -address 127.0.0.1 -port "$epmd_port") > "$folder/log/epmd" 2>&1 < /dev/null &
  remember_pid "$folder/epmd.pid" $!
  disown
  wait_until 10 port_open "$epmd_port" || { stop; fail "Erlang's port mapper does not start; $folder/log/epmd says: $(cat "$folder/log/epmd")"; }

  (exec setsid "$bin/rabbitmq-server") > "$folder/log/out" 2>&1 < /dev/null &
  local script=$!
  disown
  node_pid() { pgrep -s "$script" -x beam.smp > /dev/null; }
  answers() { gone "$script" || port_open "$port"; }
  if ! wait_until 20 node_pid || ! { remember_pid "$folder/node.pid" "$(pgrep -s "$script" -x beam.smp)"; wait_until 90 answers; } || gone "$script"; then
    stop
    fail "RabbitMQ does not start; $folder/log/out says: $(tail -n 8 "$folder/log/out")"
  fi
}

vhosts() {
  local change=$1 ports expression="" name
  shift
  read -ra ports < "$folder/ports"
  use_node "${ports[@]}"
  for name in "$@"; do
    [[ $name =~ ^[a-z0-9-]+$ ]] || fail "'$name' cannot be a virtual host here: lower-case letters, digits and hyphens only."
    case $change in
      add) expression+="rabbit_vhost:add(<<\"$name\">>, <<\"platform\">>), rabbit_auth_backend_internal:set_permissions(<<\"platform\">>, <<\"$name\">>, <<\".*\">>, <<\".*\">>, <<\".*\">>, <<\"platform\">>), " ;;
      delete) expression+="rabbit_vhost:delete(<<\"$name\">>, <<\"platform\">>), " ;;
      *) fail "rabbitmq.sh vhosts: unknown change '$change'; add and delete exist." ;;
    esac
  done
  RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="" "$bin/rabbitmqctl" eval "${expression}ok." > "$folder/log/vhosts" 2>&1 \
    || fail "RabbitMQ refuses to $change virtual hosts: $(tail -n 3 "$folder/log/vhosts")"
}

case $action in
  start) start "${@:3}" ;;
  hold)
    start "${@:3}"
    say ready
    serve_until_stdin_ends "${BASH_SOURCE[0]}" stop "$folder"
    ;;
  stop) stop ;;
  vhosts) vhosts "${@:3}" ;;
  *) fail "rabbitmq.sh: unknown action '$action'; start, hold, stop and vhosts exist." ;;
esac

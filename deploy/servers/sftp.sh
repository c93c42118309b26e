#!/usr/bin/env bash
# A private OpenSSH server on the loopback interface with one SFTP account, that of this user, by key.
#   sftp.sh start FOLDER PORT   up and answering when it returns; keys and files stay between starts
#   sftp.sh hold  FOLDER PORT   the same, prints "ready", stops when standard input closes
#   sftp.sh stop  FOLDER
# FOLDER/user-key logs in, FOLDER/host-key.pub is the host key to pin, FOLDER/files is meant for the files.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../lib/processes.sh"

action=${1:-}
folder=${2:-}
[ -n "$folder" ] || fail "usage: sftp.sh start|hold FOLDER PORT | stop FOLDER"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

stop() { stop_pid "$folder/sshd.pid" TERM 10; }

start() {
  local port=${1:?sftp.sh: a port is missing} key
  ! living_pid "$folder/sshd.pid" > /dev/null || return 0
  require_free "$port" "the SFTP server" "Choose another."
  mkdir -p "$folder/files"
  chmod 700 "$folder" "$folder/files"
  for key in host-key user-key; do
    [ -s "$folder/$key" ] || ssh-keygen -q -t ed25519 -N '' -C "$key" -f "$folder/$key"
  done
  # sshd wants this folder even when it never separates privileges in it.
  [ -d /run/sshd ] || mkdir /run/sshd 2> /dev/null || true
  cat > "$folder/sshd_config" <<CONF
ListenAddress 127.0.0.1
Port $port
HostKey "$folder/host-key"
PidFile none
AuthorizedKeysFile "$folder/user-key.pub"
AuthenticationMethods publickey
StrictModes no
PermitRootLogin prohibit-password
UsePAM no
AllowTcpForwarding no
X11Forwarding no
PermitTTY no
ForceCommand internal-sftp
Subsystem sftp internal-sftp
CONF
  setsid "$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v sshd)" -D -e -f "$folder/sshd_config" > "$folder/log" 2>&1 < /dev/null &
  remember_pid "$folder/sshd.pid" $!
  disown
  wait_until 10 port_open "$port" || { stop; fail "The SFTP server does not answer on port $port: $(tail -n 3 "$folder/log")"; }
}

case $action in
  start) start "${@:3}" ;;
  hold)
    start "${@:3}"
    say ready
    serve_until_stdin_ends "${BASH_SOURCE[0]}" stop "$folder"
    ;;
  stop) stop ;;
  *) fail "sftp.sh: unknown action '$action'; start, hold and stop exist." ;;
esac

#!/usr/bin/env bash
# A private S3 server on the loopback interface: Ceph's radosgw over one monitor and one in-memory store, with STS AssumeRole and SSE-KMS.
#   s3.sh start FOLDER PORT MONITOR_PORT [OSD_PORT_MIN OSD_PORT_MAX]   up and answering when it returns; always empty, as the store lives in memory
#   s3.sh hold  FOLDER PORT MONITOR_PORT [OSD_PORT_MIN OSD_PORT_MAX]   the same, prints "ready", stops when standard input closes
#   s3.sh stop  FOLDER
# With S3_STORE=disk the store is a sparse file in FOLDER instead of memory, for objects larger than that; S3_CAPACITY_BYTES is its size, in memory 4 GiB and on disk 64 GiB unless set.
# FOLDER/access-key and FOLDER/secret-key are those of the user 'owner', who may assume the role arn:aws:iam:::role/S3Access. KMS keys: testkey-1, testkey-2.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../lib/processes.sh"

action=${1:-}
folder=${2:-}
[ -n "$folder" ] || fail "usage: s3.sh start|hold FOLDER PORT MONITOR_PORT [OSD_PORT_MIN OSD_PORT_MAX] | stop FOLDER"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
export CEPH_CONF=$folder/ceph.conf

stop() {
  # Nothing is kept, and an orderly end of these two takes five seconds each.
  stop_pid "$folder/rgw.pid" KILL 10
  stop_pid "$folder/osd.pid" KILL 10
  stop_pid "$folder/mon.pid" TERM 10
}

store_settings() {
  case ${S3_STORE:-memory} in
    memory) printf 'osd_objectstore = memstore\nmemstore_device_bytes = %s\nmemstore_page_size = 4096\n' "${S3_CAPACITY_BYTES:-4294967296}" ;;
    disk) printf 'osd_objectstore = bluestore\nbluestore_block_create = true\nbluestore_block_size = %s\nosd_memory_target = 939524096\n' "${S3_CAPACITY_BYTES:-68719476736}" ;;
    *) fail "S3_STORE is '$S3_STORE'; expected memory or disk." ;;
  esac
}

configure() {
  local port=$1 monitor_port=$2 osd_min=$3 osd_max=$4
  cat > "$CEPH_CONF" <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon_host = [v2:127.0.0.1:$monitor_port]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
keyring = $folder/keyring
run_dir = $folder/run
admin_socket = $folder/run/\$name.asok
log_file = $folder/log/\$name.log
crash_dir = $folder/log
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_pg_warn_min_per_osd = 0
osd_crush_chooseleaf_type = 0
$(store_settings)
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
mon_tick_interval = 1
osd_pg_stat_report_interval_max = 1
osd_max_markdown_count = 100
mon_warn_on_pool_no_redundancy = false
mon_data = $folder/mon
osd_data = $folder/osd
ms_bind_port_min = $osd_min
ms_bind_port_max = $osd_max
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:$port
rgw_s3_auth_use_sts = true
rgw_s3_auth_order = local, sts
rgw_sts_key = $(od -An -tx1 -N8 /dev/urandom | tr -d ' \n')
rgw_crypt_require_ssl = false
rgw_crypt_s3_kms_backend = testing
rgw_crypt_s3_kms_encryption_keys = testkey-1=YmluCmJvb3N0CmJvb3N0LWJ1aWxkCmNlcGguY29uZgo= testkey-2=aWIKTWFrZWZpbGUKbWFuCm91dApzcmMKVGVzdGluZwo=
rgw_enable_usage_log = false
rgw_thread_pool_size = 32
rgw_lc_debug_interval = 10
debug_rgw = 1
CONF
}

# launch NAME COMMAND...: in the background, detached from this terminal, its pid remembered.
launch() {
  local name=$1
  shift
  (exec setsid "$@") > "$folder/log/$name.out" 2>&1 < /dev/null &
  remember_pid "$folder/$name.pid" $!
  disown
}

give_up() {
  stop
  fail "The S3 server does not start: $1 Its logs are in $folder/log."
}

start() {
  local port=$1 monitor_port=$2 osd_min=${3:-16800} osd_max=${4:-17300} tool
  for tool in ceph ceph-mon ceph-osd radosgw radosgw-admin monmaptool ceph-authtool; do
    command -v "$tool" > /dev/null || fail "'$tool' is not installed (packages ceph-mon ceph-osd radosgw ceph-common)."
  done
  stop
  require_free "$port" "the S3 server" "Choose another port."
  require_free "$monitor_port" "the S3 server's monitor" "Choose another port."
  rm -rf "$folder"/{mon,osd,run,log,keyring,monmap}
  mkdir -p "$folder"/{mon,osd,run,log}
  chmod 700 "$folder"
  configure "$port" "$monitor_port" "$osd_min" "$osd_max"

  monmaptool --create --fsid "$(sed -n 's/^fsid = //p' "$CEPH_CONF")" --addv a "[v2:127.0.0.1:$monitor_port]" "$folder/monmap" > /dev/null
  ceph-authtool "$folder/keyring" --create-keyring --gen-key -n mon. --cap mon 'allow *' > /dev/null
  ceph-authtool "$folder/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *'
  ceph-authtool "$folder/keyring" --gen-key -n client.rgw --cap mon 'allow rwx' --cap osd 'allow rwx'
  ceph-authtool "$folder/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap mgr 'allow profile osd' --cap osd 'allow *'

  ceph-mon -i a --mkfs --monmap "$folder/monmap" --keyring "$folder/keyring" > "$folder/log/mon.mkfs" 2>&1 || give_up "the monitor's data cannot be made."
  launch mon ceph-mon -i a -f
  monitor_answers() { ceph --connect-timeout 2 mon stat > /dev/null 2>&1; }
  wait_until 30 monitor_answers || give_up "the monitor does not answer."

  local osd
  osd=$(cat /proc/sys/kernel/random/uuid)
  ceph osd new "$osd" -i <(printf '{"cephx_secret":"%s"}' "$(ceph-authtool "$folder/keyring" -n osd.0 -p)") > "$folder/log/osd.new" 2>&1 || give_up "the store cannot be registered."
  ceph-osd -i 0 --mkfs --keyring "$folder/keyring" --osd-uuid "$osd" > "$folder/log/osd.mkfs" 2>&1 || give_up "the store cannot be made."
  launch osd ceph-osd -i 0 -f
  store_is_up() { ceph osd stat 2> /dev/null | grep -q '1 up'; }
  wait_until 30 store_is_up || give_up "the store does not come up."

  launch rgw radosgw -n client.rgw -f
  gateway_answers() { curl -s -o /dev/null "http://127.0.0.1:$port/"; }
  wait_until 90 gateway_answers || give_up "the gateway does not answer on port $port."
  make_owner
}

make_owner() {
  new_secret "$folder/access-key" 10
  new_secret "$folder/secret-key" 20
  radosgw-admin user create --uid owner --display-name Owner --access-key "$(cat "$folder/access-key")" --secret-key "$(cat "$folder/secret-key")" --caps 'roles=*' > "$folder/log/user.json" 2>&1 \
    || give_up "its first user cannot be made."
  radosgw-admin role create --role-name S3Access --path / --assume-role-policy-doc \
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/owner"]},"Action":["sts:AssumeRole"]}]}' > "$folder/log/role.json" 2>&1 \
    && radosgw-admin role-policy put --role-name S3Access --policy-name Everything --policy-doc \
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"arn:aws:s3:::*"}]}' > "$folder/log/policy.json" 2>&1 \
    || give_up "its role cannot be made."
}

case $action in
  start) start "${@:3}" ;;
  hold)
    start "${@:3}"
    say ready
    serve_until_stdin_ends "${BASH_SOURCE[0]}" stop "$folder"
    ;;
  stop) stop ;;
  *) fail "s3.sh: unknown action '$action'; start, hold and stop exist." ;;
esac

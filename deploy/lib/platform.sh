# The platform's own processes: sourced by deploy/run, after processes.sh and build.sh. Expects: root, state (folder of data, logs and secrets), port (map of ports by name), mode, allow_private_hosts.

SERVICES=(credentials couriers feeds scheduler campaigns optimizely-brevo)
declare -A ASSEMBLY=(
  [gateway]=gateway/Platform.Gateway [credentials]=services/credentials/Platform.Credentials [couriers]=services/couriers/Platform.Couriers
  [feeds]=services/feeds/Platform.Feeds [scheduler]=services/scheduler/Platform.Scheduler [campaigns]=services/campaigns/Platform.Campaigns
  [optimizely-brevo]=services/optimizely-brevo/Platform.OptimizelyBrevo
)

url_of() { printf 'http://127.0.0.1:%s' "${port[$1]}"; }
database_of() { printf '%s' "${1//-/_}"; }

# make_secrets: everything that must be secret, once; readable by this user only.
make_secrets() {
  local name secrets=$state/secrets
  mkdir -p "$secrets"/{tokens,trusted,master-keys}
  chmod -R go= "$secrets"
  for name in postgres rabbitmq domain-reader gateway "${SERVICES[@]}"; do
    new_secret "$secrets/$name.password"
  done
  for name in gateway "${SERVICES[@]}"; do
    if [ ! -s "$secrets/trusted/$name.pub.pem" ]; then
      (umask 077 && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$secrets/tokens/$name.pem" 2> /dev/null)
      openssl pkey -in "$secrets/tokens/$name.pem" -pubout -out "$secrets/trusted/$name.pub.pem"
    fi
  done
  [ -s "$secrets/master-keys/1.key" ] || (umask 077 && openssl rand -base64 32 > "$secrets/master-keys/1.key")
}

start_servers() {
  PASSWORD_FILE=$state/secrets/postgres.password "$root/deploy/servers/postgres.sh" start "$state/postgres" "${port[postgres]}"
  PASSWORD_FILE=$state/secrets/rabbitmq.password "$root/deploy/servers/rabbitmq.sh" start "$state/rabbitmq" "${port[rabbitmq]}" "${port[rabbitmq-node]}" "${port[rabbitmq-epmd]}"
}

start_s3() { "$root/deploy/servers/s3.sh" start "$state/s3" "${port[s3]}" "${port[s3-monitor]}"; }

stop_servers() {
  local server
  for server in sftp s3 rabbitmq postgres; do
    [ ! -d "$state/$server" ] || "$root/deploy/servers/$server.sh" stop "$state/$server" || true
  done
}

# run_sql DATABASE: as superuser, from standard input.
run_sql() { PGPASSWORD=$(cat "$state/secrets/postgres.password") psql -X -q -v ON_ERROR_STOP=1 -h "${database_host:-127.0.0.1}" -p "${port[postgres]}" -U postgres -d "$1" > /dev/null; }

# make_databases: one role and one database per process; domain_reader may read the domain tables and nothing else.
make_databases() {
  local name role
  for name in gateway "${SERVICES[@]}"; do
    role=$(database_of "$name")
    run_sql postgres <<SQL
select 'create role $role login' where not exists (select from pg_roles where rolname = '$role') \gexec
alter role $role password '$(cat "$state/secrets/$name.password")';
select 'create database $role owner $role' where not exists (select from pg_database where datname = '$role') \gexec
revoke connect, temporary on database $role from public;
SQL
  done
  run_sql postgres <<SQL
select 'create role domain_reader login' where not exists (select from pg_roles where rolname = 'domain_reader') \gexec
alter role domain_reader password '$(cat "$state/secrets/domain-reader.password")';
grant connect on database feeds to domain_reader;
SQL
  run_sql feeds < "${BASH_SOURCE[0]%/*}/table-reader.sql"
}

# run_binary NAME ARGUMENT...: becomes that process, in its own folder, where its appsettings.json lies, and in a session of its own, so that Ctrl-C reaches the
# starting script alone and everything is stopped in order. Call it in a subshell.
run_binary() {
  local name=$1 service secrets=$state/secrets sisters=()
  shift
  export DOTNET_NOLOGO=1 Urls ConnectionStrings__Database RabbitMq__Uri
  Urls=$(url_of "$name")
  ConnectionStrings__Database="Host=127.0.0.1;Port=${port[postgres]};Database=$(database_of "$name");Username=$(database_of "$name");Password=$(cat "$secrets/$name.password")"
  RabbitMq__Uri="amqp://platform:$(cat "$secrets/rabbitmq.password")@127.0.0.1:${port[rabbitmq]}/platform"
  export InternalTokens__SigningKey=$secrets/tokens/$name.pem InternalTokens__TrustedKeys=$secrets/trusted
  export Outgoing__AllowPrivateHosts=$allow_private_hosts
  # The landing bucket's keys are for those that use it.
  case $name in couriers | feeds) ;; *) unset "${!Landing__S3__@}" ;; esac
  case $name in
    gateway) unset RabbitMq__Uri ;;
    credentials) export MasterKeys__Folder=$secrets/master-keys ;;
    campaigns | optimizely-brevo)
      export ConnectionStrings__DomainTables="Host=127.0.0.1;Port=${port[postgres]};Database=feeds;Username=domain_reader;Password=$(cat "$secrets/domain-reader.password")"
      if [ "$name-$mode" = optimizely-brevo-demo ]; then use_partners; fi
      ;;
    couriers | feeds) export Landing__Root=$state/landing Scratch__Root=$state/scratch/$name ;;
  esac
  # By way of env, as a name with a hyphen is none for the shell.
  for service in "${SERVICES[@]}"; do
    sisters+=("Services__$service=$(url_of "$service")")
  done
  cd "$root/${ASSEMBLY[$name]%/*}/bin/$CONFIGURATION/net10.0"
  exec env "${sisters[@]}" setsid dotnet "${ASSEMBLY[$name]##*/}.dll" "$@"
}

# start_partners: Optimizely and Brevo as the demo plays them, with the limits they publish.
start_partners() {
  (cd "$root/tests/standins/partners/bin/$CONFIGURATION/net10.0" \
    && exec setsid dotnet Platform.PartnerStandIns.dll "${port[optimizely]}" "${port[brevo]}" "$root/deploy/demo/datafile.json" demo-production) > "$state/logs/partners.log" 2>&1 < /dev/null &
  remember_pid "$state/pids/partners" $!
  disown
  partners_up() { port_open "${port[optimizely]}" && port_open "${port[brevo]}"; }
  wait_until 30 partners_up || fail "The partner stand-ins do not start: $(tail -n 5 "$state/logs/partners.log")"
}

# start_campaign: an SFTP account, and Optimizely Campaign as the demo plays it on the account's directory.
start_campaign() {
  "$root/deploy/servers/sftp.sh" start "$state/sftp" "${port[sftp]}"
  (cd "$root/tests/standins/campaign/bin/$CONFIGURATION/net10.0" && exec setsid dotnet Platform.CampaignStandIns.dll "$state/sftp/files" 1000) > "$state/logs/campaign.log" 2>&1 < /dev/null &
  remember_pid "$state/pids/campaign" $!
  disown
  campaign_up() { [ -d "$state/sftp/files/out" ]; }
  wait_until 30 campaign_up || fail "The stand-in of Optimizely Campaign does not start: $(tail -n 5 "$state/logs/campaign.log")"
}

# use_partners: the settings that lead optimizely-brevo to them.
use_partners() {
  local optimizely=http://127.0.0.1:${port[optimizely]} brevo=http://127.0.0.1:${port[brevo]}
  export Partners__OptimizelyApi=$optimizely/v2/ Partners__OptimizelyCdn=$optimizely/ Partners__OptimizelyOAuth=$optimizely/oauth2/token
  export Partners__OptimizelyEvents=$optimizely/v1/events Partners__OptimizelyEventsEu=$optimizely/v1/events Partners__BrevoApi=$brevo/v3/ Partners__ProcessPoll=00:00:02
}

migrate() {
  local name failed=() jobs=()
  for name in gateway "${SERVICES[@]}"; do
    (run_binary "$name" migrate) > "$state/logs/$name.migration.log" 2>&1 < /dev/null &
    jobs+=("$name=$!")
  done
  for name in "${jobs[@]}"; do
    wait "${name#*=}" 2> /dev/null || failed+=("${name%=*}")
  done
  [ ${#failed[@]} = 0 ] || fail "The database migration of ${failed[*]} failed. $state/logs/${failed[0]}.migration.log says:
$(tail -n 12 "$state/logs/${failed[0]}.migration.log")"
}

start_process() {
  local name=$1
  (run_binary "$name") >> "$state/logs/$name.log" 2>&1 < /dev/null &
  remember_pid "$state/pids/$name" $!
  started_at[$name]=$SECONDS
  disown
}
declare -A started_at=() deaths=()

start_processes() {
  local name
  for name in "${SERVICES[@]}" gateway; do
    [ ! -s "$state/logs/$name.log" ] || mv "$state/logs/$name.log" "$state/logs/$name.log.1"
    start_process "$name"
  done
}

# stop_processes: the gateway first, so that nothing new comes in; then the services together.
stop_processes() {
  local name jobs=()
  stop_pid "$state/pids/gateway" TERM 20
  for name in "${SERVICES[@]}"; do
    stop_pid "$state/pids/$name" TERM 20 &
    jobs+=($!)
  done
  wait "${jobs[@]}"
  stop_pid "$state/pids/partners" TERM 5
  stop_pid "$state/pids/campaign" TERM 5
}

is_ready() { curl -fs -o /dev/null --max-time 3 "$(url_of "$1")/health/ready"; }

wait_until_ready() {
  local name
  for name in "${SERVICES[@]}" gateway; do
    ready_or_dead() { is_ready "$name" || ! living_pid "$state/pids/$name" > /dev/null; }
    if ! wait_until 60 ready_or_dead || ! is_ready "$name"; then
      fail "$name does not become ready. $state/logs/$name.log ends with:
$(tail -n 12 "$state/logs/$name.log" | cut -c 1-1000)"
    fi
  done
}

# make_admin_key: the first API key, made once and kept beside the other secrets.
make_admin_key() {
  local file=$state/secrets/admin-key answer key
  [ ! -s "$file" ] || return 0
  answer=$( (run_binary gateway create-key "admin-$(date -u +%Y%m%dT%H%M%SZ)" admin) 2> "$state/logs/gateway.key.log") \
    || fail "The first API key cannot be made: $(tail -n 5 "$state/logs/gateway.key.log")"
  key=$(grep -oE 'cp_[A-Za-z0-9_-]+' <<< "$answer" | head -n 1) || fail "The gateway made no API key; it said: $answer"
  (umask 077 && printf '%s\n' "$key" > "$file")
}

# watch: keeps the services up until something ends that cannot be mended here.
watch() {
  local name
  while sleep 1; do
    for name in "${SERVICES[@]}" gateway; do
      living_pid "$state/pids/$name" > /dev/null || revive "$name"
    done
    port_open "${port[postgres]}" || fail "PostgreSQL has ended; $state/postgres/log says why."
    port_open "${port[rabbitmq]}" || fail "RabbitMQ has ended; the logs in $state/rabbitmq/log say why."
  done
}

# revive NAME: starts it again, unless it keeps dying young.
revive() {
  local name=$1
  if [ $((SECONDS - started_at[$name])) -gt 30 ]; then deaths[$name]=0; fi
  deaths[$name]=$((${deaths[$name]:-0} + 1))
  [ "${deaths[$name]}" -le 3 ] || fail "$name ended three times within half a minute of its start. $state/logs/$name.log ends with:
$(tail -n 12 "$state/logs/$name.log" | cut -c 1-1000)"
  say "$name has ended and is started again."
  start_process "$name"
}

# short_log: what the processes say about their work, and every warning, one line each; the files have everything.
short_log() {
  local name files=() unbuffered=()
  for name in "${SERVICES[@]}" gateway; do
    files+=("$state/logs/$name.log")
  done
  # mawk, Debian's awk, would wait until its buffer is full.
  if awk -W version 2> /dev/null | grep -q mawk; then unbuffered=(-W interactive); fi
  (cd "$state/logs" && exec tail --pid=$$ -n 0 -F "${files[@]##*/}" 2> /dev/null) | awk "${unbuffered[@]}" -f "$root/deploy/lib/short-log.awk" &
  log_follower=$!
}

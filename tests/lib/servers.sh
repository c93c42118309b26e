# Real servers for tests and benchmarks: sourced by tests/run and tests/bench, after deploy/lib/processes.sh. Expects: root, work (a temporary folder).

# start_servers [POSTGRES_SETTING...]: starts all three on free ports and names them to the tests.
start_servers() {
  local ports
  mapfile -t ports < <(free_ports 6)
  "$root/deploy/servers/postgres.sh" start "$work/postgres" "${ports[0]}" "$@"
  "$root/deploy/servers/rabbitmq.sh" start "$work/rabbitmq" "${ports[1]}" "${ports[2]}" "${ports[3]}"
  "$root/deploy/servers/s3.sh" start "$work/s3" "${ports[4]}" "${ports[5]}"
  export PLATFORM_TEST_POSTGRES PLATFORM_TEST_RABBITMQ PLATFORM_TEST_S3_ACCESS_KEY PLATFORM_TEST_S3_SECRET_KEY
  export PLATFORM_TEST_RABBITMQ_FOLDER=$work/rabbitmq PLATFORM_TEST_S3=http://127.0.0.1:${ports[4]}
  PLATFORM_TEST_POSTGRES="Host=127.0.0.1;Port=${ports[0]};Username=postgres;Password=$(cat "$work/postgres/password");Database=postgres"
  PLATFORM_TEST_RABBITMQ="amqp://platform:$(cat "$work/rabbitmq/password")@127.0.0.1:${ports[1]}/{vhost}"
  PLATFORM_TEST_S3_ACCESS_KEY=$(cat "$work/s3/access-key")
  PLATFORM_TEST_S3_SECRET_KEY=$(cat "$work/s3/secret-key")
}

stop_servers() {
  local server
  for server in s3 rabbitmq postgres; do
    [ ! -d "$work/$server" ] || "$root/deploy/servers/$server.sh" stop "$work/$server" || true
  done
}

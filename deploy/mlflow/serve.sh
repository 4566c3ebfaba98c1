#!/usr/bin/env bash
# MLflow on loopback, its records in PostgreSQL and its files in S3, in the foreground; Ctrl-C stops it.
#
#   deploy/mlflow/serve.sh [PORT [S3_PORT [FOLDER]]]     5000, 9000, .mlflow/data
#
# Needs PostgreSQL's programs, and the environment that `make mlflow` installs. Files go to
# MLFLOW_ARTIFACTS_DESTINATION where that is set, else to a MinIO of its own where `minio` is found,
# else into the folder. Clients reach them through this server, and need no key for S3.
set -euo pipefail
set -m # each server is a group of its own: Ctrl-C reaches them in order, from here

root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$root/.mlflow/venv/bin
port=${1:-5000}
s3_port=${2:-9000}
folder=${3:-$root/.mlflow/data}
declare -a started=()
socket=

fail() {
  echo "deploy/mlflow/serve.sh: $1" >&2
  exit 1
}

# PostgreSQL refuses to run as root.
as_owner() {
  if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
  fi
  exec "$@"
}

find_programs() {
  local found
  for found in /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin; do
    PATH=$PATH:$found
  done
  command -v initdb >/dev/null || fail "initdb is not installed (PostgreSQL)"
  [ -x "$bin/mlflow" ] || fail "there is no $bin/mlflow: run make mlflow once"
}

refuse_taken() {
  if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
    fail "port $1 is taken: is MLflow running already?"
  fi
}

stop() {
  local i signal group
  for ((i = ${#started[@]} - 1; i >= 0; i--)); do
    signal=TERM group=-${started[i]}
    [ "$i" != 0 ] || signal=INT group=${started[i]} # PostgreSQL's word for "at once, in good order"
    kill -"$signal" -- "$group" 2>/dev/null || :
    wait "${started[i]}" 2>/dev/null || :
  done
  rm -rf "$socket"
}

start_postgres() {
  local data=$folder/postgres
  socket=$(mktemp -d /tmp/badbuzz-mlflow.XXXXXX) # a socket's path is short
  mkdir -p "$data"
  [ "$(id -u)" != 0 ] || chown postgres "$socket" "$data"
  (as_owner test -w "$data") || fail "user postgres cannot write $data: give a folder that it can"
  if [ ! -f "$data/PG_VERSION" ]; then
    (as_owner initdb -D "$data" -U badbuzz -A trust -E UTF8 --locale=C >/dev/null)
  fi
  (as_owner postgres -D "$data" -k "$socket" -c listen_addresses= 2>"$folder/postgres.log") &
  started+=($!)
  until pg_isready -q -h "$socket" -U badbuzz -d postgres; do
    kill -0 "${started[-1]}" 2>/dev/null || fail "PostgreSQL ended: see $folder/postgres.log"
    sleep 0.1
  done
  psql -qtA -h "$socket" -U badbuzz -d postgres -c "select 1 from pg_database where datname='mlflow'" |
    grep -q 1 || createdb -h "$socket" -U badbuzz mlflow
}

start_minio() {
  local keys=$folder/minio.env
  [ -f "$keys" ] || (
    umask 077
    printf 'AWS_ACCESS_KEY_ID=badbuzz\nAWS_SECRET_ACCESS_KEY=%s\n' \
      "$("$bin/python" -c 'import secrets; print(secrets.token_hex(16))')" >"$keys"
  )
  set -a
  . "$keys"
  set +a
  export MLFLOW_S3_ENDPOINT_URL=http://127.0.0.1:$s3_port AWS_DEFAULT_REGION=us-east-1
  MINIO_ROOT_USER=$AWS_ACCESS_KEY_ID MINIO_ROOT_PASSWORD=$AWS_SECRET_ACCESS_KEY \
    minio server --quiet --address "127.0.0.1:$s3_port" "$folder/minio" >"$folder/minio.log" 2>&1 &
  started+=($!)
  "$bin/python" - <<'END'
import os
import boto3, botocore.config
retry = botocore.config.Config(retries={"total_max_attempts": 8})
s3 = boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"], config=retry)
if "badbuzz" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
    s3.create_bucket(Bucket="badbuzz")
END
}

choose_files() {
  if [ -n "${MLFLOW_ARTIFACTS_DESTINATION:-}" ]; then
    return
  fi
  if command -v minio >/dev/null; then
    refuse_taken "$s3_port"
    start_minio
    MLFLOW_ARTIFACTS_DESTINATION=s3://badbuzz/mlflow
  else
    MLFLOW_ARTIFACTS_DESTINATION=$folder/files
  fi
  export MLFLOW_ARTIFACTS_DESTINATION
}

find_programs
refuse_taken "$port"
trap stop EXIT
trap 'exit 0' INT TERM
start_postgres
choose_files
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false MLFLOW_DISABLE_TELEMETRY=true
echo "MLflow on http://127.0.0.1:$port, files in $MLFLOW_ARTIFACTS_DESTINATION, records in" \
  "$folder/postgres; Ctrl-C stops it" >&2
"$bin/mlflow" server --host 127.0.0.1 --port "$port" --workers 1 \
  --backend-store-uri "postgresql+psycopg://badbuzz@/mlflow?host=$socket" \
  --artifacts-destination "$MLFLOW_ARTIFACTS_DESTINATION" &
started+=($!)
wait -n || :
fail "one of MLflow's processes ended: see above, and the logs in $folder"

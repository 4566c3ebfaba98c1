#!/usr/bin/env bash
# Apache Kafka on loopback, one node in KRaft mode, in the foreground; Ctrl-C stops it.
#
#   deploy/kafka/serve.sh [PORT [CONTROLLER_PORT [FOLDER]]]     9092, 9093, .kafka/data
#   deploy/kafka/serve.sh --fetch                               download the jars, and no more
#
# Needs Java 17 and, the first time, Maven. The folder is formatted once and survives a restart.
# A file more.properties in the folder adds settings, or replaces those given here. The variable
# KAFKA_JVM_PERFORMANCE_OPTS replaces the options of Java, as it does for Kafka's own scripts.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
jars=$root/.kafka/jars
port=${1:-9092}
controller_port=${2:-9093}
folder=${3:-$root/.kafka/data}

need() {
  command -v "$1" >/dev/null || {
    echo "deploy/kafka/serve.sh: $1 is not installed ($2); without it: badbuzz broker" >&2
    exit 1
  }
}

fetch() {
  cmp -s "$here/pom.xml" "$jars/pom.xml" && return
  need mvn Maven
  echo "Downloading Kafka's jars, once (45 MB)" >&2
  mkdir -p "$root/.kafka"
  local new
  new=$(mktemp -d "$root/.kafka/jars.XXXXXX")
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime "-DoutputDirectory=$new" >&2
  cp "$here/pom.xml" "$new/pom.xml"
  if ! cmp -s "$here/pom.xml" "$jars/pom.xml"; then # else another process was faster
    rm -rf "$jars"
    mv "$new" "$jars"
  fi
  rm -rf "$new"
}

configure() {
  mkdir -p "$folder"
  {
    cat "$here/server.properties"
    echo "listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller_port"
    echo "advertised.listeners=PLAINTEXT://127.0.0.1:$port"
    echo "controller.quorum.voters=1@127.0.0.1:$controller_port"
    echo "log.dirs=$folder/log"
    cat "$folder/more.properties" 2>/dev/null || :
  } >"$folder/server.properties"
}

need java "Java 17"
fetch
[ "${1:-}" = --fetch ] && exit
for taken in "$port" "$controller_port"; do
  if (exec 3<>"/dev/tcp/127.0.0.1/$taken") 2>/dev/null; then
    echo "deploy/kafka/serve.sh: port $taken is taken: is Kafka running already?" >&2
    exit 1
  fi
done
configure
read -ra options <<<"${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC}"
java=(java -Xmx512m "${options[@]}" "-Dlog4j2.configurationFile=$here/log4j2.properties" -cp "$jars/*")
if [ ! -f "$folder/log/meta.properties" ]; then
  "${java[@]}" kafka.tools.StorageTool format --cluster-id badbuzzKafkaOnLoopbkAA \
    --config "$folder/server.properties" >/dev/null
fi
echo "Kafka on 127.0.0.1:$port, data in $folder; Ctrl-C stops it" >&2
exec "${java[@]}" kafka.Kafka "$folder/server.properties"

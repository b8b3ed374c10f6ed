#!/usr/bin/env bash
# Runs a Foresight job: ./submit.sh [spark-submit options --] JOB [job options]
set -euo pipefail

home=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export FORESIGHT_HOME="$home" DJL_OFFLINE=true OPT_OUT_TRACKING=true
export DJL_CACHE_DIR="${DJL_CACHE_DIR:-$home/target/djl}"

spark_options=()
for argument in "$@"; do
  if [[ $argument == -- ]]; then
    while [[ $1 != -- ]]; do
      spark_options+=("$1")
      shift
    done
    shift
    break
  fi
done

library="$home/target/foresight/lib"
job_jar=$(find "$home/jobs/target" -maxdepth 1 -name 'foresight-jobs-*.jar' 2>/dev/null | head -n 1 || true)
if [[ -z $job_jar || ! -d $library || ! -d $home/target/spark/jars ]]; then
  (cd "$home" && ./mvnw -B -q -DskipTests package) >&2
  job_jar=$(find "$home/jobs/target" -maxdepth 1 -name 'foresight-jobs-*.jar' | head -n 1)
fi

native="-Dai.djl.pytorch.num_threads=1 -Dai.djl.offline=true"
opens=""
for package in java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.util java.util.concurrent \
  java.util.concurrent.atomic jdk.internal.ref sun.nio.ch sun.nio.cs sun.security.action sun.util.calendar; do
  opens+=" --add-opens=java.base/$package=ALL-UNNAMED"
done
jars=$(find "$library" -name '*.jar' | sort | paste -sd, -)
common=(
  --class io.foresight.jobs.Main
  --conf "spark.driver.extraJavaOptions=$native"
  --conf "spark.executor.extraJavaOptions=$native"
  --conf "spark.executorEnv.DJL_OFFLINE=true"
  --conf "spark.executorEnv.DJL_CACHE_DIR=$DJL_CACHE_DIR"
  --conf "spark.sql.shuffle.partitions=8"
  --conf "spark.ui.enabled=false"
  --jars "$jars"
)

if [[ -n ${SPARK_HOME:-} ]]; then
  exec "$SPARK_HOME/bin/spark-submit" "${common[@]}" "${spark_options[@]+"${spark_options[@]}"}" "$job_jar" "$@"
fi
export SPARK_HOME="$home/target/spark" SPARK_SCALA_VERSION=2.12
# One task per core: two intra-op threads give much less than two tasks.
# shellcheck disable=SC2086
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx2g $opens $native \
  -cp "$SPARK_HOME/jars/*:$library/*:$home/conf" org.apache.spark.deploy.SparkSubmit \
  --master 'local[*]' "${common[@]}" "${spark_options[@]+"${spark_options[@]}"}" "$job_jar" "$@"

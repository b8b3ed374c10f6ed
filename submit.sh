#!/usr/bin/env bash
# Runs a Foresight job: ./submit.sh [spark-submit options --] JOB [job options]
set -euo pipefail

home=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export FORESIGHT_HOME="$home" DJL_OFFLINE=true OPT_OUT_TRACKING=true
export DJL_CACHE_DIR="${DJL_CACHE_DIR:-$home/target/djl}"
if [[ -t 2 ]]; then
  export FORESIGHT_TERMINAL=yes
fi

# Hadoop's S3 client is as large as all of Spark, so it comes along only where an s3a path is given, here or in a settings file.
uses_s3a() {
  local argument previous=
  for argument in "$@"; do
    case "$previous $argument" in
      *s3a://*) return 0 ;;
      "--config "* | "--variants "*) if grep -qs s3a:// "$argument"; then return 0; fi ;;
      *" --config="* | *" --variants="*) if grep -qs s3a:// "${argument#*=}"; then return 0; fi ;;
    esac
    previous=$argument
  done
  return 1
}
s3a=$(uses_s3a "$@" && echo yes || echo no)

# The user's --jars join Foresight's: spark-submit takes the last --jars alone.
spark_options=()
user_jars=
for argument in "$@"; do
  if [[ $argument == -- ]]; then
    while [[ $1 != -- ]]; do
      case $1 in
        --jars) user_jars+=",$2" && shift ;;
        --jars=*) user_jars+=",${1#*=}" ;;
        *) spark_options+=("$1") ;;
      esac
      shift
    done
    shift
    break
  fi
done

job_jar() {
  find "$home/jobs/target" -maxdepth 1 -name 'foresight-jobs-*.jar' ! -name '*-sources.jar' 2>/dev/null | head -n 1
}
built() {
  [[ -n $(job_jar) && -d $home/target/foresight/native && -d $home/target/spark/jars ]] &&
    [[ -z $(find "$home"/{,udfs/,jobs/,jobs/spark-jars/}pom.xml "$home"/{udfs,jobs}/src/main \
      -newer "$(job_jar)" -type f -print -quit) ]]
}
if ! built; then
  echo "Building Foresight." >&2
  (cd "$home" && ./mvnw -B -q -DskipTests package) >&2
fi

spark_has() {
  compgen -G "${SPARK_HOME:-$home/target/spark}/jars/$1-*.jar" >/dev/null
}
folders=("$home/target/foresight/native")
if [[ $s3a == yes ]] && ! spark_has hadoop-aws; then
  folders+=("$home/target/spark/s3a")
fi

# Settings of the native libraries, which they read once, when they load. One thread per task: two tasks with one thread each
# do nearly twice the work of one task with two.
native="-Dai.djl.pytorch.num_threads=1 -Dai.djl.offline=true"
common=(
  --class io.foresight.jobs.Main
  --jars "$(find "${folders[@]}" -name '*.jar' | paste -sd, -)$user_jars"
  # Not extraJavaOptions, which are the user's to set.
  --conf "spark.driver.defaultJavaOptions=$native"
  --conf "spark.executor.defaultJavaOptions=$native"
  --conf "spark.executorEnv.DJL_OFFLINE=true"
  --conf "spark.executorEnv.OPT_OUT_TRACKING=true"
  --conf "spark.executorEnv.DJL_CACHE_DIR=$DJL_CACHE_DIR"
  # Heartbeats carry the progress.
  --conf "spark.executor.heartbeatInterval=5s"
  --conf "spark.ui.enabled=false"
  --conf "spark.ui.showConsoleProgress=false"
)

if [[ -n ${SPARK_HOME:-} ]]; then
  exec "$SPARK_HOME/bin/spark-submit" "${common[@]}" "${spark_options[@]+"${spark_options[@]}"}" "$(job_jar)" "$@"
fi

# No Spark installation is needed: SparkSubmit runs from the jars that the build laid out. These are the options that Spark's
# own scripts give to Java 17.
export SPARK_HOME="$home/target/spark" SPARK_SCALA_VERSION=2.12 SPARK_LOCAL_IP="${SPARK_LOCAL_IP:-127.0.0.1}"
opens=()
for package in java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.util java.util.concurrent \
  java.util.concurrent.atomic jdk.internal.ref sun.nio.ch sun.nio.cs sun.security.action sun.util.calendar; do
  opens+=("--add-opens=java.base/$package=ALL-UNNAMED")
done
# shellcheck disable=SC2086
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx"${FORESIGHT_DRIVER_MEMORY:-2g}" "${opens[@]}" $native \
  -cp "$home/conf:$SPARK_HOME/jars/*" org.apache.spark.deploy.SparkSubmit \
  --master 'local[*]' "${common[@]}" "${spark_options[@]+"${spark_options[@]}"}" "$(job_jar)" "$@"

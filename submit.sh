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
  [[ -n $(job_jar) && -d $home/target/foresight/native && -d $home/target/foresight/launch && -d $home/target/spark/jars ]] &&
    [[ -z $(find "$home"/{,udfs/,jobs/,jobs/spark-jars/}pom.xml "$home"/{udfs,jobs}/src/main \
      -newer "$(job_jar)" -type f -print -quit) ]]
}
build() {
  echo "Building Foresight, which takes minutes where its libraries are still to be fetched." >&2
  # Without the tests and what else checks the code, and by a compiler that does not live long enough to be optimized.
  (cd "$home" && MAVEN_OPTS="-XX:TieredStopAtLevel=1 ${MAVEN_OPTS-}" \
    ./mvnw -B -DskipTests -Dmaven.test.skip=true -Dchecks=-Xlint:none package) |
    awk '/^\[INFO\] Building [A-Z]/ { sub(/^\[INFO\] /, "  "); print }
      /Downloaded from/ && ++fetched % 100 == 0 { print "  " fetched " files fetched" }
      /^\[ERROR\]/
      { fflush() }' >&2
}
# Two processes that start at once build once.
if ! built; then
  mkdir -p "$home/target"
  if command -v flock >/dev/null; then
    (flock 7 && { built || build; }) 7>"$home/target/building"
  else
    build
  fi
fi

spark_has() {
  compgen -G "${SPARK_HOME:-$home/target/spark}/jars/$1-*.jar" >/dev/null
}
folders=("$home/target/foresight/native")
if [[ $s3a == yes ]] && ! spark_has hadoop-aws; then
  folders+=("$home/target/spark/s3a")
fi

# Each process has a temporary folder of its own, and holds a lock on it as long as it lives, whatever ends it. It removes the
# folder itself; one that was killed leaves that to the next start, which finds that nobody holds the lock.
folders_of_processes="${TMPDIR:-/tmp}/foresight-$(id -u)"
no_folder() {
  echo "Cannot use temporary folder $folders_of_processes: it is not yours, or nothing can be made there. Set TMPDIR to a folder of yours with room." >&2
  exit 5
}
mkdir -p -m 700 "$folders_of_processes" || no_folder
if [[ -L $folders_of_processes || ! -O $folders_of_processes ]]; then
  no_folder
fi
folder="$folders_of_processes/run-$$-$(date +%s)"
if command -v flock >/dev/null; then
  exec 8>>"$folders_of_processes/lock"
  flock 8
  for left in "$folders_of_processes"/run-*; do
    if [[ -d $left ]]; then
      (flock -n 9 && rm -rf "$left") 9>>"$left/lock" || true
    fi
  done
  mkdir "$folder" || no_folder
  # Spark's processes inherit the lock; those that they start do not.
  exec 9>>"$folder/lock" 8>&-
  flock -n 9
else
  mkdir "$folder" || no_folder
fi

# One log per process, with what came before it in a second file. The newest are kept, and those of processes that live.
logs="${FORESIGHT_LOG_DIR:-$home/logs}"
if ! mkdir -p "$logs" 2>/dev/null || [[ ! -w $logs ]]; then
  logs="$folders_of_processes/logs"
  mkdir -p "$logs"
fi
kept=1
while read -r old; do
  pid=${old##*-}
  if ((kept < 20)); then
    kept=$((kept + 1))
  elif [[ ! -d /proc/$pid ]] && ! kill -0 "$pid" 2>/dev/null; then
    rm -f "$old".log "$old".log.*
  fi
done < <(find "$logs" -maxdepth 1 -name 'foresight-*-*.log*' | sed 's/\.log[^/]*$//' | sort -ru)
log="$logs/foresight-$(date -u +%Y%m%dT%H%M%SZ)-$$.log"
process=("-Djava.io.tmpdir=$folder" "-Dforesight.process.folder=$folder" "-Dforesight.log=$log" "-Dforesight.host.folder=${TMPDIR:-/tmp}")

# Settings of the native libraries, which they read once, when they load. One thread per task: two tasks with one thread each
# do nearly twice the work of one task with two.
native="-Dai.djl.pytorch.num_threads=1 -Dai.djl.offline=true"
executor=$native
if [[ " ${spark_options[*]-}" == *local-cluster* ]]; then
  executor+=" \"-Djava.io.tmpdir=$folder\" \"-Dforesight.host.folder=${TMPDIR:-/tmp}\""
fi
common=(
  --class io.foresight.jobs.Main
  --jars "$(find "${folders[@]}" -name '*.jar' | paste -sd, -)$user_jars"
  # Not extraJavaOptions, which are the user's to set.
  --conf "spark.driver.defaultJavaOptions=$native"
  --conf "spark.executor.defaultJavaOptions=$executor"
  # Not DJL_CACHE_DIR, a folder of this host: executors have one below their own user's home.
  --conf "spark.executorEnv.DJL_OFFLINE=true"
  --conf "spark.executorEnv.OPT_OUT_TRACKING=true"
  # Heartbeats carry the progress.
  --conf "spark.executor.heartbeatInterval=5s"
  # Many runs on one host, each with a UI.
  --conf "spark.port.maxRetries=100"
  --conf "spark.ui.showConsoleProgress=false"
)

if [[ -n ${SPARK_HOME:-} ]]; then
  if [[ ${SPARK_SUBMIT_OPTS:-} != *log4j* ]]; then
    process+=("-Dlog4j2.configurationFile=$home/conf/log4j2.properties")
  fi
  SPARK_SUBMIT_OPTS="${SPARK_SUBMIT_OPTS:-}$(printf ' "%s"' "${process[@]}")"
  export SPARK_SUBMIT_OPTS
  exec "$SPARK_HOME/bin/spark-submit" "${common[@]}" "${spark_options[@]+"${spark_options[@]}"}" "$(job_jar)" "$@"
fi

# No Spark installation is needed: SparkSubmit runs from the jars that the build laid out. These are the options that Spark's
# own scripts give to Java 17. Spark's home is the process's, since a local-cluster's workers write below it.
export SPARK_HOME="$folder/spark" SPARK_SCALA_VERSION=2.12 SPARK_LOCAL_IP="${SPARK_LOCAL_IP:-127.0.0.1}"
mkdir "$SPARK_HOME"
ln -s "$home/target/spark/jars" "$SPARK_HOME/jars"
opens=()
for package in java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.util java.util.concurrent \
  java.util.concurrent.atomic jdk.internal.ref sun.nio.ch sun.nio.cs sun.security.action sun.util.calendar; do
  opens+=("--add-opens=java.base/$package=ALL-UNNAMED")
done
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
spark_jars="$home/target/spark/jars/*"

# Classes as the JVM holds them, written once by a small run: loading them anew is a third of a start. A JVM for which they are
# not right does without.
classes="$home/target/foresight/classes.jsa"
if [[ -w $home/target/foresight && (! -e $classes || $home/target/spark/jars -nt $classes) ]]; then
  echo "Preparing faster starts, once." >&2
  mkdir "$folder/prepare"
  # shellcheck disable=SC2086
  if ! "$java" -Xmx2g "-XX:ArchiveClassesAtExit=$folder/prepare/classes.jsa" -Xlog:disable "${opens[@]}" $native \
    "-Djava.io.tmpdir=$folder/prepare" "-Dforesight.log=$log" "-Dlog4j2.configurationFile=$home/conf/log4j2.properties" -cp "$spark_jars" org.apache.spark.deploy.SparkSubmit \
    --master 'local[1]' "${common[@]}" --conf spark.ui.enabled=false "$(job_jar)" generate --limit 1 \
    --output "$folder/prepare/output" >"$folder/prepare/said" 2>&1 || [[ ! -f $folder/prepare/classes.jsa ]]; then
    echo "Cannot prepare faster starts: $(head -n 1 "$folder/prepare/said"). Starts take longer; nothing else changes." >&2
    : >"$folder/prepare/classes.jsa"
  fi
  mv "$folder/prepare/classes.jsa" "$classes"
  rm -rf "$folder/prepare"
fi
# A start runs most of its code a few times: the optimizing compiler waits for what is run often.
start=(-XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=6000 -XX:Tier4CompileThreshold=150000
  -XX:Tier4BackEdgeThreshold=400000)
if [[ -s $classes ]]; then
  start+=("-XX:SharedArchiveFile=$classes" -Xlog:cds=off -Xlog:cds+dynamic=off)
fi

# The archive's jars come first, as they did when it was written.
# shellcheck disable=SC2086
exec "$java" -Xmx"${FORESIGHT_DRIVER_MEMORY:-2g}" "${start[@]}" "${opens[@]}" $native "${process[@]}" \
  -cp "$spark_jars:$home/target/foresight/launch:$home/conf" io.foresight.launch.Submit \
  --master 'local[*]' "${common[@]}" "${spark_options[@]+"${spark_options[@]}"}" "$(job_jar)" "$@"

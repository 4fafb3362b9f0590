# shellcheck shell=sh
# Finds a Java and becomes it: what the launcher of the source tree (../dvx) and that of the packages
# (../packaging) have in common. Sourced (POSIX sh). Expects JAVA_PROGRAM, the program that the Java
# must have, and for run_java HOME_DIR, BUILD, a folder of jars, and LEARNED, the folder of what the
# JVM learned about them.

JDK_NEEDED=25
# What the JVM is run by, if anything.
within=

# fail CODE WHAT CAUSE REMEDY [DETAILS]: the four parts of an error, on standard error.
fail() {
  {
    echo "error: $2"
    echo "  cause:   $3"
    echo "  to do:   $4"
    if [ -n "${5-}" ]; then
      echo "  details:"
      echo "    $5"
    fi
  } >&2
  exit "$1"
}

# jdk_major DIR: sets major to the Java version there, or to 0 when it lacks $JAVA_PROGRAM.
jdk_major() {
  major=0
  [ -x "$1/bin/$JAVA_PROGRAM" ] && [ -r "$1/release" ] || return 0
  while IFS='=' read -r key value; do
    [ "$key" = JAVA_VERSION ] || continue
    value=${value#\"}
    value=${value%%[!0-9]*}
    major=${value:-0}
    return 0
  done <"$1/release"
}

# Sets JAVA_HOME to the JDK to use: the one named there if it is new enough, else the newest found.
find_jdk() {
  best=0
  best_dir=
  seen=
  if [ -n "${JAVA_HOME-}" ]; then
    consider "$JAVA_HOME"
    [ "$best" -lt "$JDK_NEEDED" ] || return 0
    best=0
  fi
  for dir in "${DVX_JVM_ROOT:-/usr/lib/jvm}"/*; do
    consider "$dir"
  done
  [ "$best" -ge "$JDK_NEEDED" ] || fail 1 "No Java is there for OpenDVX" \
    "Java $JDK_NEEDED or later with bin/$JAVA_PROGRAM was found neither in JAVA_HOME nor in ${DVX_JVM_ROOT:-/usr/lib/jvm}" \
    "Install a JDK $JDK_NEEDED or later, or point JAVA_HOME at one" \
    "found:${seen:- nothing}"
  JAVA_HOME=$best_dir
}

consider() {
  jdk_major "$1"
  if [ "$major" -gt 0 ]; then
    seen="$seen $1 (JDK $major)"
  fi
  if [ "$major" -gt "$best" ]; then
    best=$major
    best_dir=$1
  fi
}

# Lets a node start and stop, and a machine move between two hosts, on folders of their own and this
# machine's loopback, and keeps what the JVM learned about its classes and hot paths: later starts
# take less of processor time, and the first move of a machine is as short as the next ones. Where
# that cannot be had, or does not fit any more, nodes start without it.
learn() {
  # What an earlier run learned or left behind.
  rm -rf "$LEARNED/engine" "$LEARNED/data" "$LEARNED/new" "$LEARNED/new.config"
  # Set for this one run alone.
  # shellcheck disable=SC2030
  (
    DVX_JAVA_OPTS=-XX:AOTCacheOutput=$LEARNED/new
    within="nice timeout -k 20 180"
    run_java bench rehearse --folder "$LEARNED/data"
  ) >"$LEARNED/log" 2>&1 9>&- || :
  if [ -s "$LEARNED/new" ] && grep -q rehearsed "$LEARNED/log"; then
    mv "$LEARNED/new" "$LEARNED/engine"
  fi
  rm -rf "$LEARNED/data" "$LEARNED/new" "$LEARNED/new.config"
}

# run_java COMMAND ...: becomes the JVM, so that signals and the exit code pass through.
run_java() {
  kind=${1-}
  # A host or data node that runs, not a short command about one.
  case ${1-}:${2-} in
    host:join | host:list | host:remove | host:confirm | datanode:token | datanode:remove) kind=short ;;
  esac
  case $kind in
    serve | host | datanode | demo | bench | torture)
      # The engine: fast code, and the Vector API (the JVM says so in one line on standard error).
      set -- --add-modules jdk.incubator.vector "-Ddvx.home=$HOME_DIR" -cp "$BUILD/*" \
        org.opendvx.server.Main "$@"
      collector=-XX:+UseG1GC
      if [ -s "$LEARNED/engine" ]; then
        # What the JVM learned; not a word when it does not fit.
        set -- "-XX:AOTCache=$LEARNED/engine" -Xlog:aot=off -Xlog:cds=off "$@"
      fi
      ;;
    forward)
      # Small: it only stands in.
      set -- -XX:TieredStopAtLevel=1 -Xshare:auto -Xmx64m -XX:MaxDirectMemorySize=64m \
        -cp "$BUILD/*" org.opendvx.server.Main "$@"
      collector=-XX:+UseSerialGC
      ;;
    *)
      # Short commands: a fast start is worth more than fast code.
      set -- -XX:TieredStopAtLevel=1 -Xshare:auto "-Ddvx.home=$HOME_DIR" -cp "$BUILD/*" \
        org.opendvx.server.Main "$@"
      collector=-XX:+UseSerialGC
      ;;
  esac
  case ${DVX_JAVA_OPTS-} in
    *-XX:+Use*GC*) collector= ;;
  esac
  # Unquoted on purpose: each holds several words, one or none.
  # shellcheck disable=SC2086
  exec ${within-} "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED -Dsun.net.http.retryPost=false \
    $collector ${DVX_JAVA_OPTS-} "$@"
}

# Sourced by every story. A story is a shell script that plays a user; it ends with status 0 when all it expected came true.
set -eu

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# expect TEXT COMMAND...: the command succeeds and its output contains TEXT.
expect() {
    wanted=$1
    shift
    echo "\$ $*"
    got=$("$@" 2>&1) || fail "status $? of: $* -- $got"
    printf '%s\n' "$got"
    case $got in *"$wanted"*) ;; *) fail "no '$wanted' in the output of: $*" ;; esac
}

# refuse TEXT COMMAND...: the command fails and says TEXT.
refuse() {
    wanted=$1
    shift
    echo "\$ $*  (must fail)"
    if got=$("$@" 2>&1); then fail "should have failed: $*"; fi
    printf '%s\n' "$got"
    case $got in *"$wanted"*) ;; *) fail "no '$wanted' in the output of: $*" ;; esac
}

# eventually SECONDS WANTED COMMAND...: the command's output becomes WANTED.
eventually() {
    limit=$1
    wanted=$2
    shift 2
    echo "\$ $*  (within $limit s: $wanted)"
    started=$(date +%s)
    while :; do
        got=$("$@" 2>&1) || true
        [ "$got" = "$wanted" ] && return 0
        [ $(($(date +%s) - started)) -lt "$limit" ] || fail "still '$got' instead of '$wanted': $*"
        sleep 0.5
    done
}

available_hosts() { kubectl get baremetalhosts -A -o jsonpath='{range .items[*]}{.status.provisioning.state}{"\n"}{end}' | grep -c '^available$' || true; }
running_pods() { kubectl get pods -l "$1" --field-selector status.phase=Running -o name | wc -l | tr -d ' '; }
nodes_of() { kubectl get nodes -l "sluice.dev/nodegroup=$1" -o name | wc -l | tr -d ' '; }

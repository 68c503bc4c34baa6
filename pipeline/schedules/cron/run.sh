#!/usr/bin/env bash
# Runs the night or an intraday run, one at a time on this machine, with retries and an alarm.
#
#   run.sh nightly     waits for a run that is going on
#   run.sh intraday    ends at once where a run is going on; the next one reads the same lines
#
# Settings, from the environment (see crontab):
#   DBT_TARGET     dev (DuckDB) or redshift, as in profiles.yml
#   ALARM          a shell command that gets the message of a failure on standard input
#   TRIES          how often a run is tried (3)
#   PAUSE          seconds between two tries (60)
#   LIMIT          how long a try may take (90m for a night, 15m for intraday)
#   PATIENCE       seconds that a night waits for a run that is going on (3600)
#   LOCK_FOLDER    where the lock and the last output are (logs); one for all schedules of a warehouse
set -uo pipefail

kind=${1:-}
# Two hours is later than any run that these limits allow, so the claim of a killed run on
# Redshift expires soon, and that of a living one never does.
case $kind in
    nightly)
        command=(build --selector nightly)
        limit=${LIMIT:-90m}
        # More than an intraday run needs for all its tries.
        patience=(--wait "${PATIENCE:-3600}")
        ;;
    intraday)
        command=(run --selector intraday)
        limit=${LIMIT:-15m}
        patience=(--nonblock)
        ;;
    *)
        echo "Say which run: run.sh nightly, or run.sh intraday." >&2
        exit 2
        ;;
esac
vars=(--vars "run_lock_hours: 2")

cd "$(dirname "$0")/../../.." || exit
folder=${LOCK_FOLDER:-logs}
mkdir -p "$folder" || exit
output=$folder/schedule.$kind.out
failing=$folder/schedule.$kind.failing

say() {
    echo "$(date -u '+%Y-%m-%d %H:%M:%S') $kind: $1"
}

# Once for a series of failures; intraday would otherwise ring every few minutes.
alarm() {
    say "$1" >&2
    [ -e "$failing" ] && return
    if [ -z "${ALARM:-}" ] || say "$1" | sh -c "$ALARM"; then
        touch "$failing"
    else
        say "the alarm did not go out; try the command in ALARM by hand" >&2
    fi
}

dbt_within_limit() {
    # On INT dbt cancels what it has running in the warehouse.
    timeout --signal=INT --kill-after=60 "$limit" dbt --quiet "$@"
}

one_try() {
    # On Redshift a COPY JOB loads.
    if [ "${DBT_TARGET:-dev}" != redshift ]; then
        dbt_within_limit run-operation load_event_lines || return
    fi
    dbt_within_limit "${command[@]}" "${vars[@]}"
}

# dbt inherits the lock: where only this script was killed, dbt keeps it until it ends.
exec 9> "$folder/schedule.lock" || exit
if ! flock "${patience[@]}" 9; then
    if [ "$kind" = intraday ]; then
        say "skipped, another run is going on"
        exit 0
    fi
    alarm "gave up behind another run that does not end; end that one (fuser $folder/schedule.lock), then run this again"
    exit 1
fi

for ((try = 1; ; try++)); do
    one_try > "$output" 2>&1 && break
    status=$?
    cat "$output"
    # timeout's own status, or that of what it had to kill. Another try would take as long.
    if ((status == 124 || status == 137)); then
        alarm "took longer than $limit and was ended; see docs/schedules.md#when-one-fails-or-is-killed"
        exit 1
    fi
    if ((try >= ${TRIES:-3})); then
        alarm "failed $try times, see docs/on-call.md; the end of the last: $(tail -n 5 "$output")"
        exit 1
    fi
    say "try $try failed, again in ${PAUSE:-60} s"
    sleep "${PAUSE:-60}"
done

if [ "$kind" = nightly ] && ! dbt_within_limit source freshness > "$output" 2>&1; then
    cat "$output"
    alarm "built, but no new lines come, see docs/on-call.md#stale-sources: $(tail -n 5 "$output")"
    exit 1
fi
rm -f "$failing"
say "done"

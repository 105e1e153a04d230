#!/bin/sh
# Shows hookline at work: builds the example programs, starts a receiver on the loopback interface,
# imports CSV files in every way that raises an event, and prints what arrived.
#
#   sh examples/run.sh
#
# Installs what is missing on Debian and Ubuntu, for which it needs root or sudo. HOOKLINE_BUILD_DIR
# names another build directory than build/examples/. Ends with `delivered N of N` and status 0 if every
# delivery got there.
set -eu

root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
build=${HOOKLINE_BUILD_DIR:-$root/build/examples}
data=$root/examples/data
secret=whsec_YW4gZXhhbXBsZSwgYW5kIG5vIHNlY3JldCBhdCBhbGw=
receivers=
work=$(mktemp -d)

main() {
  trap clean_up EXIT
  trap 'exit 1' HUP INT TERM
  sh "$root/cmake/install_dependencies.sh" library examples
  quietly build_programs

  start_receiver steady
  start_receiver moody --status 500,503,200
  sed -e "s/127\.0\.0\.1:8080/127.0.0.1:$(port_of steady)/" \
      -e "s/127\.0\.0\.1:8081/127.0.0.1:$(port_of moody)/" \
      "$data/webhooks.json" >"$work/webhooks.json"

  import_everything
  import_while_paused
  show_what_arrived
  check_what_arrived
  sum_up
}

build_programs() {
  if [ -f "$build/CMakeCache.txt" ]; then
    cmake -S "$root" -B "$build" -DHOOKLINE_BUILD_EXAMPLES=ON || return
  else
    cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
      -DHOOKLINE_BUILD_EXAMPLES=ON -DHOOKLINE_BUILD_TESTS=OFF || return
  fi
  cmake --build "$build" --target importer receiver hookctl hookline_quickstart
}

import_everything() {
  title 'Embedded imports, to two webhooks and a basic one'
  import --identifier contacts --schema schema-people --user "$data/user.json" \
    --webhook-url "http://127.0.0.1:$(port_of steady)/basic" "$data"/contacts*.csv
  title 'A headless import that was completed'
  import --identifier contacts --headless "$data/headless_completed.json" "$data/contacts.csv"
  title 'A headless import that needs a review'
  import --headless "$data/headless_needs_review.json" --status needs_review "$data/contacts.csv"
  title 'A headless import that failed'
  import --headless "$data/headless_failed.json" --status failed "$data/contacts.csv"
  title 'An import in development mode'
  import --identifier contacts --development "$data/contacts.csv"
  title 'A receiver that fails twice, and is tried again'
  import --identifier orders "$data/orders.csv"
}

# The durable store: what one importer has accepted is delivered by another.
import_while_paused() {
  title 'A store in a file: a webhook is added, the service is paused, an import is accepted'
  echo "$secret" >"$work/secrets"
  hookctl webhooks add --id stored --identifier contacts --secret-file "$work/secrets" \
    --url "http://127.0.0.1:$(port_of steady)/stored"
  hookctl pause
  run_importer 3 --store "$work/service.db" --identifier contacts --wait 0 "$data/contacts.csv"
  hookctl list
  title 'It is resumed, and another importer delivers what was left'
  hookctl resume
  run_importer 0 --store "$work/service.db" --drain --wait 30
  hookctl stats
}

import() {
  run_importer 0 --webhooks "$work/webhooks.json" --wait 30 "$@"
}

# The status that is expected, and arguments.
run_importer() {
  wanted=$1
  shift
  status=0
  "$build/examples/importer" --allow-http --allow 127.0.0.0/8 "$@" >"$work/lines" || status=$?
  cat "$work/lines"
  cat "$work/lines" >>"$work/all_lines"
  [ "$status" -eq "$wanted" ] || complain "the importer ended with status $status"
}

hookctl() {
  "$build/examples/hookctl" --store "$work/service.db" --allow-http --allow 127.0.0.0/8 "$@" ||
    complain "hookctl $* ended with status $?"
}

show_what_arrived() {
  for name in steady moody; do
    title "What arrived at the $name receiver"
    cat "$work/$name.log"
  done
}

# The importer's word is not taken for it: the receivers must have seen the same, signed, and without
# what is private in headless documents.
check_what_arrived() {
  accepted=$(cat "$work"/*.log | grep -c ' answered 200$' || true)
  [ "$accepted" -eq "$(expected)" ] ||
    complain "the receivers have accepted $accepted requests, not $(expected)"
  ! grep -q 'signature: invalid' "$work"/*.log || complain "a signature was not valid"
  ! grep -q 'only-for-the' "$work"/*.log || complain "a private member was sent"
}

sum_up() {
  delivered=$(grep -c '"status":"delivered"' "$work/all_lines" || true)
  [ "$delivered" -gt 0 ] || complain "nothing was delivered"
  [ "$delivered" -eq "$(expected)" ] || complain "not everything was delivered"
  printf '\ndelivered %d of %d\n' "$delivered" "$(expected)"
  [ ! -f "$work/failed" ]
}

# How many deliveries the importer has accepted.
expected() {
  awk -F '"deliveries":' 'NF > 1 { sum += $2 } END { print sum + 0 }' "$work/all_lines"
}

start_receiver() {
  name=$1
  shift
  "$build/examples/receiver" --port-file "$work/$name.port" --secret "$secret" "$@" \
    >"$work/$name.log" 2>&1 &
  receivers="$receivers $!"
  tries=0
  until [ -f "$work/$name.port" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 $!; then
      cat "$work/$name.log" >&2
      exit 1
    fi
    sleep 0.1
  done
}

port_of() {
  cat "$work/$1.port"
}

# Runs a command and shows what it printed only if it fails.
quietly() {
  "$@" >"$work/output" 2>&1 || {
    cat "$work/output" >&2
    exit 1
  }
}

title() {
  printf '\n== %s\n' "$1"
}

complain() {
  echo "run.sh: $*" >&2
  : >"$work/failed"
}

clean_up() {
  for receiver in $receivers; do
    kill "$receiver" 2>/dev/null || true
    wait "$receiver" || true
  done
  rm -rf "$work"
}

main "$@"

#!/usr/bin/env bash
set -euo pipefail
# Don't run checkly trigger by hand
cat <<EOF
It's npx checkly trigger that starts here
EOF
TAGS=production,smoke
REGION=${REGION:-eu-west-1}
ARGS=(--tags "$TAGS" --detach)
ARGS2=(--tags a)
ARGS2+=(--tags b)
export CHECKLY_ACCOUNT_ID=1234
log "checkly trigger"
npx checkly trigger "${ARGS[@]}" --location "$REGION" -e URL="${URL:-https://www.example.com/#home}" > log.txt 2>&1
npx checkly trigger "${ARGS2[@]}" -l eu-west-1
npx checkly trigger -t ${TAGS2:-production,smoke} -l eu-west-1 | tee log.txt
npx checkly trigger "${EXTRA[@]}" -l eu-west-1
npx checkly trigger $OPTIONS --tags a -l eu-west-1
while read -r suite; do npx checkly trigger -t "$suite" -l eu-west-1; done < suites.txt
run() { npx checkly trigger "$@"; }
run --tags x
CHECKLY_API_KEY=cu_swordfish123 npx checkly trigger --tags "$(tags)" -l eu-west-1 || notify
if ! npx checkly trigger -t gate -l eu-west-1; then exit 1; fi
[ -n "$CI" ] && npx checkly trigger -t ci -l eu-west-1 &
bash -c 'npx checkly trigger -t inner -l eu-west-1' || true
assert_equals "$(cat run.log)" "npx checkly trigger --tags a"
npx checkly trigger -t plain -l eu-west-1 -- more words

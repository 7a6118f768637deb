npx checkly trigger -l eu-west-1 --check-id "$IDS"

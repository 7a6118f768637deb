npx checkly trigger -l eu-west-1 -t a --reporter json --verbose --no-record --detach --refresh-cache --no-fail-on-no-matching > out.json

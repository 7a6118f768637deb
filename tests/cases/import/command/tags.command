npx checkly trigger -l eu-west-1 --tags a,b --tags c '!d' -t 'x y'

npx checkly trigger -l eu-west-1 --tags ''

npx checkly trigger -l eu-west-1 --private-location dc --tags a

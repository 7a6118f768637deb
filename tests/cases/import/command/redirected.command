npx checkly trigger > log.txt --tags a 2>&1 -l eu-west-1

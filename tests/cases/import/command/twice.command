npx checkly trigger -l eu-west-1 --tags a -l us-east-1

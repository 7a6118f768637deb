npx checkly trigger -l eu-west-1 --tags a --new-flag=swordfish -x

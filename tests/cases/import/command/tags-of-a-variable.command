npx checkly trigger -l eu-west-1 --tags "$TAGS" -t ${MORE:-production,smoke} -t "x,$Y"

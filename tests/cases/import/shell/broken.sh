npx checkly trigger --tags a -l eu-west-1
echo "never closed

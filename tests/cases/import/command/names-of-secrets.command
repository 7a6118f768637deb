npx checkly trigger -l eu-west-1 -t a -e TOKEN=$GITHUB_TOKEN -e AUTH="Bearer $API_KEY" -e KEY=ghp_swordfish1 -n "$API_KEY"

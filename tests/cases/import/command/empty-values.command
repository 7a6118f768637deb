npx checkly trigger -l eu-west-1 -t a -e EMPTY= --test-session-name="" --retries=-1

npx checkly trigger -l eu-west-1 -t a --timeout 300 --retries 7

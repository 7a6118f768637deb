npx checkly trigger -l eu-west-1 -t a --env-file .env.production

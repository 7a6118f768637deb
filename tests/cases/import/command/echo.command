echo npx checkly trigger

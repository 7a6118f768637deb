npx checkly trigger --location eu-west-1

docker run node npx checkly trigger
xargs npx checkly trigger -t

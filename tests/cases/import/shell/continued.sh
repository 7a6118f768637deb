npx checkly trigger \\
  --tags a
npx checkly trigger ^
  --tags b
npx checkly trigger `
  --tags c

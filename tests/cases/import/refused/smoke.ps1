npx checkly trigger `
  --tags a

npx checkly test --grep x

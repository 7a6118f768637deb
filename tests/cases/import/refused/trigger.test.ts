expect(command).toBe('npx checkly trigger --tags a')

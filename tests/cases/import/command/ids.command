npx checkly trigger -l eu-west-1 --check-id 3a8d1f5e-0c4b-4d5e-8f6a-2b7c9d0e1f23, 4b9e2a6f-1d5c-4e6f-9a7b-3c8d0e1f2a34

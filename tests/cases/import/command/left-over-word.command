npx checkly trigger swordfish -l eu-west-1 --detach swordfish

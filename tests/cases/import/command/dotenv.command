npx checkly trigger -l eu-west-1 -t a -e 'A=x # y' -e B="'q # q'" -e 'C="a\nb"' -e URL=https://x.example/#/a -e D='a=b c' export\ E=1 -e 'F: yaml' -e 'no pair' -e G=$'x\ny' 

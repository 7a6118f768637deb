npx checkly trigger -l eu-west-1 -t 2026-01-01,0x1F,1:30,no,y,1e3,~ -e A=1.10 -e B=on -n 0123

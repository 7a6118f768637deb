npx checkly trigger -l eu-west-1 -t a -e 'A=$<x>' -e 'B={{HOST}}' -e 'C=a$'"$X" -e 'D=$$<x'

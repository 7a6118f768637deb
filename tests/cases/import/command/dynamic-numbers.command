npx checkly trigger -l "$REGION" -t a --timeout $T --retries ${{ inputs.retries }}

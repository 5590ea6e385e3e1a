#!/bin/bash
# Asks who this server is, and fetches the serving image if it is not here yet.
set -euo pipefail

metadata=http://169.254.169.254/latest
token=$(curl --fail --silent --show-error --retry 5 --request PUT \
  --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token")
instance=$(curl --fail --silent --show-error --retry 5 \
  --header "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/instance-id")

printf 'SLIPWAY_NODE=%s\n' "$instance" >"$RUNTIME_DIRECTORY/node.env"

# The digest is in the name: what is here under it is what is meant.
if ! docker image inspect "$IMAGE" >/dev/null 2>&1; then
  docker --config /etc/slipway/docker pull --quiet "$IMAGE"
fi
docker rm --force slipway 2>/dev/null || true

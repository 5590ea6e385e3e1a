#!/bin/bash
# Runs the serving container in the foreground, for systemd.
set -euo pipefail

# shellcheck source=/dev/null
. "$RUNTIME_DIRECTORY/node.env"

options=(
  --name slipway
  --rm
  --init
  # One hop to the metadata service, and ports that the load balancer's security group can name.
  --network host
  --user 1000:1000
  --read-only
  --cap-drop ALL
  --security-opt no-new-privileges
  # exec: Triton's Python backend unpacks environments there, with libraries to load.
  --tmpfs "/tmp:rw,exec,nosuid,nodev,mode=1777,size=$SHARED_MEMORY"
  --shm-size "$SHARED_MEMORY"
  # As NVIDIA advises for its containers.
  --ulimit memlock=-1
  --ulimit stack=67108864
  --ulimit nofile=65536
  --volume /var/lib/slipway:/var/lib/slipway
  --env-file /etc/slipway/node.env
  --env-file "$RUNTIME_DIRECTORY/node.env"
  --stop-timeout "$STOP_SECONDS"
  --log-driver awslogs
  --log-opt awslogs-region="$REGION"
  --log-opt awslogs-group="$LOG_GROUP"
  --log-opt awslogs-stream="$SLIPWAY_NODE"
  # A full pipe to CloudWatch must not stop the node.
  --log-opt mode=non-blocking
  --log-opt max-buffer-size=8m
)
if [[ $GPU == yes ]]; then
  options+=(--gpus all)
fi

exec docker run "${options[@]}" "$IMAGE"

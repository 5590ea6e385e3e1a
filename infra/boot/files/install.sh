#!/bin/bash
# Adds what the machine image lacks, and starts what ships logs and metrics.
set -euo pipefail

agent=/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl

retry() {
  for _ in 1 2 3 4; do
    if "$@"; then return 0; fi
    sleep 15
  done
  "$@"
}

missing=()
command -v docker >/dev/null || missing+=(docker)
command -v docker-credential-ecr-login >/dev/null || missing+=(amazon-ecr-credential-helper)
command -v mdadm >/dev/null || missing+=(mdadm)
command -v rsyslogd >/dev/null || missing+=(rsyslog)
[[ -x $agent ]] || missing+=(amazon-cloudwatch-agent)
if ((${#missing[@]} > 0)); then
  # Amazon's repository alone: it is in S3, which servers without a way to the internet reach, and
  # machine images for GPUs bring repositories that they do not.
  retry dnf install --assumeyes --quiet --disablerepo='*' --enablerepo=amazonlinux "${missing[@]}"
fi

# Amazon Linux 2023 logs to the journal alone, and the agent reads files.
systemctl enable --now rsyslog.service docker.service
retry "$agent" -a fetch-config -m ec2 -s -c file:/etc/slipway/agent.json

#!/bin/bash
# Puts the node's folder on the server's own NVMe disks where it has any. They come empty whenever
# the server was stopped, as one in a warm pool is; otherwise the folder is on the root volume.
set -euo pipefail

folder=/var/lib/slipway
label=slipway

mount_disks() {
  local disks mounted device
  mapfile -t disks < <(
    lsblk --nodeps --noheadings --paths --output NAME,MODEL |
      awk '/Amazon EC2 NVMe Instance Storage/ { print $1 }'
  )
  ((${#disks[@]} > 0)) || return 0

  # Deep Learning images join and mount the disks themselves.
  mounted=$(lsblk --noheadings --output MOUNTPOINT "${disks[@]}" | awk 'NF { print; exit }')
  if [[ -n $mounted ]]; then
    mkdir -p "$mounted/slipway"
    mount --bind "$mounted/slipway" "$folder"
    return 0
  fi

  # After a mere reboot they still hold what they held.
  device=$(blkid --label "$label" || true)
  if [[ -z $device ]]; then
    device=${disks[0]}
    if ((${#disks[@]} > 1)); then
      device=/dev/md/slipway
      mdadm --create "$device" --run --force --level=0 --raid-devices="${#disks[@]}" "${disks[@]}"
    fi
    # -K: discarding terabytes takes minutes, and the disks come discarded.
    mkfs.xfs -f -K -L "$label" "$device"
  fi
  mount -o noatime,nosuid,nodev "$device" "$folder"
}

mkdir -p "$folder"
mountpoint --quiet "$folder" || mount_disks
chown 1000:1000 "$folder"
chmod 0750 "$folder"

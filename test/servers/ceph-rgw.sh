#!/bin/bash
# A real S3 server for tests: Ceph's RADOS gateway over one monitor and one OSD in memory. As root, on Debian:
#   ceph-rgw.sh FOLDER S3_PORT MONITOR_PORT OWNER
# returns when it answers on 127.0.0.1:S3_PORT, and stops and removes it all when the process OWNER ends, or when
# FOLDER/stop appears. Path style and virtual-host style below s3.test; keys as below.
set -eu
D=${1:?folder}; PORT=${2:?port}; MON=${3:?monitor port}; OWNER=${4:?process id}
KEY=testkey0000000000000
SECRET=testsecret00000000000000000000

# All of them: `command -v` is content with one.
if ! type radosgw ceph-mon ceph-osd ceph-authtool curl >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q >&2
  apt-get install -qy --no-install-recommends radosgw ceph-mon ceph-osd ceph-common curl >&2
fi

rm -rf "$D"; mkdir -p "$D"/{mon,osd,run,log,rgw}
FSID=$(cat /proc/sys/kernel/random/uuid)
cat > "$D/ceph.conf" <<CONF
[global]
fsid = $FSID
mon host = v1:127.0.0.1:$MON
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd crush chooseleaf type = 0
mon allow pool size one = true
mon allow pool delete = true
mon warn on pool no redundancy = false
mon max pg per osd = 2000
run dir = $D/run
admin socket = $D/run/\$name.asok
pid file = $D/run/\$name.pid
log file = $D/log/\$name.log
keyring = $D/keyring
err to stderr = false
ms bind ipv6 = false
ms bind msgr2 = false
[mon]
mon data = $D/mon
mon data avail crit = 1
mon data avail warn = 2
mon cluster log file = $D/log/cluster.log
# Without it, each step of the start waits a second.
paxos propose interval = 0.05
[osd]
osd objectstore = memstore
memstore device bytes = 17179869184
osd data = $D/osd
osd max object name len = 1024
osd class load list = *
osd class default list = *
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$PORT
rgw data = $D/rgw
rgw dns name = s3.test
rgw enable ops log = false
rgw s3 auth use sts = false
rgw relaxed s3 bucket names = false
# What was removed frees its memory soon.
rgw gc obj min wait = 5
rgw gc processor period = 5
CONF
export CEPH_CONF="$D/ceph.conf"

# Ends the daemons by their ids, which are known before anybody could remove the folder. In a session of its own: who
# interrupts the tests at a terminal ends their whole process group.
setsid bash -c '
  D=$1 OWNER=$2
  while kill -0 "$OWNER" && [ -d "$D" ] && [ ! -e "$D/stop" ]; do
    PIDS=$(cat "$D"/run/*.pid)
    sleep 0.2
  done
  PIDS="$(cat "$D"/run/*.pid) $PIDS"
  for pid in $PIDS; do grep -qz "^CEPH_CONF=$D/" "/proc/$pid/environ" && kill -9 "$pid"; done
  rm -rf "$D"
' watch "$D" "$OWNER" </dev/null >/dev/null 2>&1 &

until_true() {
  for _ in $(seq 300); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  echo "this did not come true in time: $*" >&2
  return 1
}
osd_is_up() { timeout 5 ceph osd stat 2>/dev/null | grep -q '1 up'; }

ceph-authtool --create-keyring "$D/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
ceph-authtool "$D/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' >/dev/null
monmaptool --create --addv a "[v1:127.0.0.1:$MON]" --fsid "$FSID" "$D/monmap" >/dev/null
ceph-mon --mkfs -i a --monmap "$D/monmap" --keyring "$D/keyring"
ceph-mon -i a
until_true timeout 5 ceph -s

UUID=$(cat /proc/sys/kernel/random/uuid)
ceph osd new "$UUID" 0 >/dev/null
ceph-osd -i 0 --mkfs --osd-uuid "$UUID" --osd-objectstore memstore >/dev/null 2>&1
ceph osd crush add 0 1.0 root=default host=h >/dev/null 2>&1
# Now and then the monitor does not know of it yet ("wrong fsid").
until_true ceph-osd -i 0
until_true osd_is_up

timeout 120 radosgw-admin user create --uid=test --display-name=test --access-key=$KEY --secret-key=$SECRET \
  >"$D/user.json" 2>"$D/user.err" || { cat "$D/user.err" >&2; exit 1; }
radosgw -n client.rgw
until_true curl -s -o /dev/null --max-time 2 "http://127.0.0.1:$PORT/"

#!/bin/sh
# Removes one lab: ends every process in its network namespaces, then removes the namespaces and the lab's directory.
# Usage: sweep.sh LAB          removes the lab now.
#        sweep.sh LAB --wait   removes it when standard input ends, that is when its driver closes it or dies.
# LAB is "pgvip<pid of the driver>-<number>": nothing else is ever touched.

lab=$1
directory=/tmp/$lab
case $lab in pgvip[0-9]*-[0-9]*) ;; *) echo "sweep.sh: not a lab: $lab" >&2; exit 2 ;; esac
if [ "$2" = --wait ]; then cat >/dev/null; fi

# A process may fork while its siblings are being ended: look again until a namespace is empty.
end_processes() {
    for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        pids=$(ip netns pids "$1")
        [ -z "$pids" ] && return
        kill -KILL $pids 2>/dev/null
        sleep 0.02
    done
}

for file in /run/netns/"$lab"-*; do
    [ -e "$file" ] && end_processes "${file##*/}"
done
for file in /run/netns/"$lab"-*; do
    [ -e "$file" ] && ip netns delete "${file##*/}"
done
for file in "$directory"/*/ipc; do
    [ -e "$file" ] && umount "$file" 2>/dev/null
done
if [ -d "$directory" ]; then
    umount --lazy "$directory" 2>/dev/null
    rm -rf "$directory"
fi

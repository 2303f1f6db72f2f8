#!/bin/sh
# The second stage of the image and its start, as root in namespaces of mounts and of the network of its own:
# image.sh FOLDER RUN UID COMMAND…    FOLDER has src/, install/ and wxalarm.toml.
set -eu
folder=$1 run=$2 user=$3
shift 3
ip link set lo up
mkdir -p "$folder/etc" "$folder/home"
# useradd writes beside its files: /etc is a copy, and /var/lib is empty, as in a fresh image.
cp -a /etc/. "$folder/etc/"
mount --bind "$folder/etc" /etc
mount -t tmpfs -o mode=755 tmpfs /var/lib
# A Python in root's home, as pyenv puts it, is to be read by the user of the image.
if [ -d /root/.pyenv ]; then
    mount --bind /root/.pyenv "$folder/home"
    mount -t tmpfs -o mode=755 tmpfs /root
    mkdir /root/.pyenv
    mount --move "$folder/home" /root/.pyenv
fi
mkdir -p /etc/wxalarm
cp "$folder/wxalarm.toml" /etc/wxalarm/
sh -c "$run"
exec setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all "$@"

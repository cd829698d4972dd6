#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=dash
#
# The first program in the virtual machine of vm.sh. Begun by the kernel, it makes the host's files the root,
# with memory above them for what is written; begun anew in there, it mounts what systemd would have,
# runs the command, and switches off.

set -e

# insmod_all: what the kernel needs to see the host's files, in the order of their needs.
insmod_all() {
	local name

	for name in $(cat /lib/modules/order); do
		insmod "/lib/modules/$name"
	done
}

see_files() {
	insmod_all
	mkdir -p /dev /host /memory /root
	mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000 files /host
	mount -t tmpfs memory /memory
	mkdir /memory/upper /memory/work
	mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work files /root
	mkdir -p /root/lib/modules
	mount --bind "/host$kernel/lib/modules" /root/lib/modules
	mount -t proc proc /root/proc # before busybox looks there for itself
}

see_kernel() {
	local folder

	mount -t devtmpfs dev /dev
	mount -t sysfs sysfs /sys
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mount -t bpf bpf /sys/fs/bpf
	mount -t tracefs tracefs /sys/kernel/tracing
	mkdir -p /dev/pts /dev/shm /dev/net
	mount -t devpts devpts /dev/pts
	for folder in /dev/shm /run /tmp; do
		mount -t tmpfs -o mode=1777 memory "$folder"
	done
	ln -s /proc/self/fd /dev/fd
	mknod /dev/net/tun c 10 200 # who opens it gets its module
	ip link set lo up
	hostname vm
}

# tell STATUS: to vm.sh, by the port of that name.
tell() {
	local port

	port=$(grep -lx status /sys/class/virtio-ports/*/name)
	echo "$1" >"/dev/$(basename "$(dirname "$port")")"
}

run_command() {
	local status=0

	setsid -c bash -l "$command" </dev/hvc0 >/dev/hvc0 2>&1 || status=$?
	tell "$status"
	/bin/busybox poweroff -f
}

if [ -e /where ]; then
	/bin/busybox --install -s /bin
	. /where # kernel=, command=, again=
	see_files
	# shellcheck disable=SC2154
	exec chroot /root /bin/busybox sh "$again" "$command"
fi
command=$1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
see_kernel
run_command

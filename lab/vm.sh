#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A command on another kernel than this machine's: vm.sh [COMMAND...], a shell without one.
#
# The kernel is the one of this Debian's package linux-image-amd64 (6.1 in Debian 12, the oldest that Holdfast
# runs on); it is unpacked in build/vm and not installed. The virtual machine sees all files of
# this one as they are, this folder too, and what it writes is in its memory and gone with it. It has
# no network but those that the lab makes. So what is built here runs there:
#
#	lab/vm.sh ./run test packet
#	VM_CPUS=1 VM_MEMORY=2G lab/vm.sh ./run demo --once
#
# VM_KERNEL is another package, such as linux-image-6.1.0-54-amd64. VM_PROCESSOR=emulated does without /dev/kvm, where
# that does not work; so it is done where there is none. The status is the command's. Only for x86-64.

set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

home=$(cd "$(dirname "$0")/.." && pwd)
folder=$home/build/vm
modules=(virtio_pci virtio_console 9p 9pnet_virtio overlay) # what the kernel needs to see our files

fail() {
	echo "vm: $*" >&2
	exit 1
}

# kernel_package: the newest kernel that this Debian has for everybody, or the one asked for.
kernel_package() {
	local package=${VM_KERNEL:-linux-image-amd64}

	if [[ $package == linux-image-amd64 ]]; then
		package=$(apt-cache depends --important "$package" | awk '/Depends: linux-image-/ { print $2; exit }')
		[[ -n $package ]] || fail "no package linux-image-amd64: run apt-get update, or set VM_KERNEL"
	fi
	echo "$package"
}

# get_kernel PACKAGE: unpacks it in build/vm/PACKAGE, once.
get_kernel() (
	local into=$folder/$1

	[[ ! -e $into/initramfs ]] || exit 0
	rm -rf "$into" && mkdir -p "$into" && cd "$into"
	echo "getting $1"
	apt-get --quiet=2 -o APT::Sandbox::User=root download "$1" || fail "apt-get download $1 failed"
	dpkg --extract ./*.deb . && rm ./*.deb
	depmod --basedir . "$(release "$1")"
	make_initramfs "$1"
)

release() { basename "$folder/$1"/lib/modules/*; }

# make_initramfs PACKAGE: busybox, and the modules with those they need.
make_initramfs() (
	local root name kernel

	kernel=$(release "$1")
	root=$(mktemp -d)
	trap 'rm -rf "$root"' EXIT
	mkdir -p "$root"/{bin,lib/modules}
	cp /bin/busybox "$root/bin/"
	for name in "${modules[@]}"; do
		modprobe --dirname "$folder/$1" --set-version "$kernel" --show-depends "$name" |
			awk '$1 == "insmod" { print $2 }'
	done | awk '!seen[$0]++' | while read -r name; do
		cp "$name" "$root/lib/modules/"
		basename "$name" >>"$root/lib/modules/order"
	done
	(cd "$root" && find . | cpio --quiet --create --format newc --owner 0:0) >"$folder/$1/initramfs"
)

# choose_processor: this machine's own by /dev/kvm, or an emulated one, which is ten to twenty times slower, so
# that all who wait in the lab need more patience.
choose_processor() {
	if [[ -w /dev/kvm && ${VM_PROCESSOR:-own} == own ]]; then
		processor=(-accel kvm -cpu host)
	else
		processor=(-accel "tcg,thread=multi" -cpu max)
		export LAB_PATIENCE=${LAB_PATIENCE:-20}
		echo "vm: the processor is emulated; all will be slow" >&2
	fi
}

# boot PACKAGE RUN: until it is off. Its console is this terminal; the kernel's own words go to RUN/console.
boot() {
	qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none \
		-machine q35 "${processor[@]}" -smp "${VM_CPUS:-$(nproc)}" -m "${VM_MEMORY:-4G}" \
		-kernel "$folder/$1"/boot/vmlinuz-* -initrd "$2/initramfs" \
		-append "console=ttyS0 quiet panic=-1" \
		-chardev file,id=kernel,path="$2/console" -serial chardev:kernel \
		-device virtio-serial \
		-chardev stdio,id=terminal,signal=off -device virtconsole,chardev=terminal \
		-chardev file,id=status,path="$2/status" -device virtserialport,chardev=status,name=status \
		-fsdev local,id=files,path=/,security_model=none,readonly=on,multidevs=remap \
		-device virtio-9p-pci,fsdev=files,mount_tag=files <&0 &
	qemu=$!
	wait "$qemu"
}

# put_command RUN PACKAGE COMMAND...: a script, which the machine reads like any other file of ours.
put_command() {
	local run=$1 package=$2
	shift 2
	(($# > 0)) || set -- bash

	printf '%s=%q\n' kernel "$folder/$package" command "$run/command" again "$home/lab/vm_init.sh" >"$run/where"
	{
		echo '#!/bin/bash'
		printf 'export TERM=%q LAB_INSTANCE=%q LAB_PATIENCE=%q\n' "${TERM:-dumb}" "${LAB_INSTANCE:-}" \
			"${LAB_PATIENCE:-1}"
		printf 'cd %q\n' "$home"
		printf '%q ' exec "$@"
	} >"$run/command"
	install -m 755 "$home/lab/vm_init.sh" "$run/init"
	{
		cat "$folder/$package/initramfs"
		(cd "$run" && printf '%s\n' init where | cpio --quiet --create --format newc --owner 0:0)
	} >"$run/initramfs"
}

main() {
	local package status

	[[ $(uname -m) == x86_64 ]] || fail "only for x86-64"
	((EUID == 0)) || fail "needs root: sudo $0"
	"$home/packaging/deps.sh" lab vm
	choose_processor
	package=$(kernel_package)
	get_kernel "$package"

	run=$(mktemp -d "$folder/run.XXXXXX")
	trap 'kill "${qemu:-}" 2>/dev/null || true; rm -rf "$run"' EXIT
	trap 'exit 130' INT TERM
	put_command "$run" "$package" "$@"
	boot "$package" "$run"
	status=$(<"$run/status")
	[[ -n $status ]] || {
		tail -n 45 "$run/console" >&2
		fail "the machine ended before its command did"
	}
	exit "$status"
}

main "$@"

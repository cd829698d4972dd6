/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's settings under /proc/sys, by their path there: "net/ipv4/conf/all/rp_filter".
 * (Dots would not do: an interface's name may hold one.) Those of net/ are the calling process's
 * network namespace's.
 */
#pragma once

#include <stddef.h>

/*
 * The value without its line feed, as a string into `ret` of `size` bytes. 0; -ENOENT: no such
 * setting in this kernel; -ENOBUFS: it is longer; -EINVAL: a path that is absolute or has "..";
 * or what open(2) and read(2) say.
 */
int sysctl_read(const char *path, char *ret, size_t size);

/* 0; -EINVAL also for a value that the kernel refuses; -EACCES, -EROFS and the like. */
int sysctl_write(const char *path, const char *value);

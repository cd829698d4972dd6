/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/sysctl.h"

static int open_setting(const char *path, int flags)
{
	char full[PATH_MAX];
	int fd;

	if (path[0] == '/' || strstr(path, ".."))
		return -EINVAL;
	if (snprintf(full, sizeof(full), "/proc/sys/%s", path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	fd = open(full, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_read(const char *path, char *ret, size_t size)
{
	char value[1024];
	int fd = open_setting(path, O_RDONLY);
	ssize_t got;

	if (fd < 0)
		return fd;
	got = read(fd, value, sizeof(value)); /* a setting comes whole in one read */
	if (got < 0)
		got = -errno;
	close(fd);
	if (got < 0)
		return got;

	if (got > 0 && value[got - 1] == '\n')
		got--;
	if ((size_t)got >= size)
		return -ENOBUFS;
	memcpy(ret, value, got);
	ret[got] = '\0';
	return 0;
}

int sysctl_write(const char *path, const char *value)
{
	int fd = open_setting(path, O_WRONLY);
	size_t length = strlen(value);
	ssize_t put;
	int err = 0;

	if (fd < 0)
		return fd;
	put = write(fd, value, length);
	if (put < 0)
		err = -errno;
	else if ((size_t)put != length)
		err = -EIO;
	close(fd);
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first `length` characters of `path` as a directory. */
static int make(const char *path, size_t length, mode_t mode)
{
	char part[PATH_MAX];

	if (length == 0)
		return 0;
	if (length >= sizeof(part))
		return -ENAMETOOLONG;
	memcpy(part, path, length);
	part[length] = 0;
	return mkdir(part, mode) < 0 && errno != EEXIST ? -errno : 0;
}

static int make_up_to(const char *path, size_t length, mode_t mode)
{
	for (size_t i = 1; i < length; i++) {
		int r = path[i] == '/' ? make(path, i, mode) : 0;

		if (r < 0)
			return r;
	}
	return make(path, length, mode);
}

int directory_make(const char *path, mode_t mode)
{
	return make_up_to(path, strlen(path), mode);
}

int directory_make_for(const char *path, mode_t mode)
{
	const char *slash = strrchr(path, '/');

	return slash ? make_up_to(path, slash - path, mode) : 0;
}

int directory_lock(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	r = errno == EWOULDBLOCK ? -EBUSY : -errno;
	close(fd);
	return r;
}

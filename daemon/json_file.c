/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/json_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "io/directory.h"

static int write_whole(const char *path, const json_t *root)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (json_dumpfd(root, fd, JSON_INDENT(1)) < 0)
		return -EIO;
	return fsync(fd) < 0 ? -errno : 0;
}

int json_file_write(const char *path, const json_t *root)
{
	_cleanup_free_ char *beside = NULL;
	int r = directory_make_for(path, 0755);

	if (r < 0)
		return r;
	if (!root || asprintf(&beside, "%s.new", path) < 0)
		return -ENOMEM;
	r = write_whole(beside, root);
	if (r == 0 && rename(beside, path) < 0)
		r = -errno;
	return r;
}

int json_file_read(const char *path, json_t **ret)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	json_t *root;

	if (!file)
		return -errno;
	root = json_loadf(file, JSON_ALLOW_NUL, NULL);
	if (!json_is_object(root)) {
		json_decref(root);
		return -EBADMSG;
	}
	*ret = root;
	return 0;
}

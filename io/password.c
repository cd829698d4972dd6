/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/password.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/errors.h"

#define PASSWORD_MAX 256

static int refuse_errno(struct errors *errors, const char *path, int error)
{
	errors_add(errors, path, 0, NULL, "cannot be read: %s", strerror(error));
	return -error;
}

int password_read(const char *path, struct errors *errors, char **ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char text[PASSWORD_MAX + 1];
	struct stat status;
	ssize_t n;

	if (fd < 0 || fstat(fd, &status) < 0)
		return refuse_errno(errors, path, errno);
	if (status.st_mode & 077) {
		errors_add(errors, path, 0, NULL,
			   "is open to others (mode %o), allowed: 600 or 400 (chmod 600)",
			   status.st_mode & 0777);
		return -EACCES;
	}
	n = read(fd, text, PASSWORD_MAX);
	if (n < 0)
		return refuse_errno(errors, path, errno);
	text[n] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	if (!*text || n == PASSWORD_MAX)
		return errors_add(errors, path, 0, NULL,
				  "its first line is no password, allowed: 1 to %d letters",
				  PASSWORD_MAX - 1);
	*ret = strdup(text);
	explicit_bzero(text, sizeof(text));
	return *ret ? 0 : -ENOMEM;
}

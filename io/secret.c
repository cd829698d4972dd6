/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/errors.h"

/* The salt of RFC 5869, 2.2: not secret, it keeps our keys apart from another program's. */
static const char salt[] = "holdfast";

#define HOW_TO_MAKE "head -c 32 /dev/urandom"

int secret_path(const char *config_file, const char *path, char **ret)
{
	const char *slash = strrchr(config_file, '/');
	int folder = path[0] == '/' || !slash ? 0 : slash - config_file + 1;
	char *joined;

	if (asprintf(&joined, "%.*s%s", folder, config_file, path) < 0)
		return -ENOMEM;
	*ret = joined;
	return 0;
}

static int refuse_errno(struct errors *errors, const char *path, int err)
{
	if (err == ENOENT)
		errors_add(errors, path, 0, NULL,
			   "does not exist, allowed: %d bytes, the same on all nodes (" HOW_TO_MAKE
			   ")",
			   SECRET_BYTES);
	else
		errors_add(errors, path, 0, NULL, "cannot be read: %s", strerror(err));
	return -err;
}

static int check_file(struct errors *errors, const char *path, const struct stat *status)
{
	if (!S_ISREG(status->st_mode))
		return errors_add(errors, path, 0, NULL,
				  "is no regular file, allowed: one of %d bytes", SECRET_BYTES);
	if (status->st_mode & (S_IRWXG | S_IRWXO)) {
		errors_add(errors, path, 0, NULL,
			   "is open to others (mode %03o), allowed: 600 or 400 (chmod 600)",
			   status->st_mode & 0777);
		return -EACCES;
	}
	if (status->st_size != SECRET_BYTES)
		return errors_add(errors, path, 0, NULL,
				  "has %lld bytes, allowed: %d (" HOW_TO_MAKE ")",
				  (long long)status->st_size, SECRET_BYTES);
	return 0;
}

int secret_read(const char *path, struct errors *errors, struct secret *ret)
{
	/* O_NONBLOCK: a fifo of this name must be an error, not a wait. */
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_cleanup_(secret_erase) struct secret secret = {};
	struct stat status;
	ssize_t n;
	int err;

	if (fd < 0 || fstat(fd, &status) < 0)
		return refuse_errno(errors, path, errno);
	err = check_file(errors, path, &status);
	if (err < 0)
		return err;
	n = read(fd, secret.bytes, sizeof(secret.bytes));
	if (n < 0)
		return refuse_errno(errors, path, errno);
	if (n != SECRET_BYTES)
		return errors_add(errors, path, 0, NULL, "has %zd bytes, allowed: %d", n,
				  SECRET_BYTES);
	*ret = secret;
	return 0;
}

int secret_derive(const struct secret *secret, const char *label, void *key, size_t length)
{
	uint8_t master[SHA256_DIGEST_SIZE];
	struct hmac_sha256_ctx hmac;

	if (length > SECRET_KEY_MAX)
		return -EINVAL;
	hmac_sha256_set_key(&hmac, sizeof(salt) - 1, (const uint8_t *)salt);
	hkdf_extract(&hmac, (nettle_hash_update_func *)hmac_sha256_update,
		     (nettle_hash_digest_func *)hmac_sha256_digest, sizeof(master),
		     sizeof(secret->bytes), secret->bytes, master);
	hmac_sha256_set_key(&hmac, sizeof(master), master);
	hkdf_expand(&hmac, (nettle_hash_update_func *)hmac_sha256_update,
		    (nettle_hash_digest_func *)hmac_sha256_digest, sizeof(master), strlen(label),
		    (const uint8_t *)label, length, key);
	explicit_bzero(master, sizeof(master));
	explicit_bzero(&hmac, sizeof(hmac));
	return 0;
}

void secret_erase(struct secret *secret)
{
	explicit_bzero(secret, sizeof(*secret));
}

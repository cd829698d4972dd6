/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The fleet's one secret, a file of 32 random bytes that is the same on every node, and the keys
 * that come from it: one for each purpose, so that to learn one says nothing about the others.
 *
 * Keys are HKDF-SHA256 (RFC 5869) of the secret; the purpose's label is the `info` of its 2.3. Two
 * nodes with the same secret and label get the same key: labels are part of the protocol between
 * them, and a changed label needs the care of a changed wire format.
 *
 * A secret that others can read is refused: whoever has it chooses the server of any flow.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct errors;

#define SECRET_BYTES 32
#define SECRET_KEY_MAX (255 * 32) /* RFC 5869, 2.3 */

struct secret {
	uint8_t bytes[SECRET_BYTES];
};

/*
 * `path` as the configuration gives it: absolute, or relative to the folder of `config_file`.
 * The caller frees *ret. 0 or -ENOMEM.
 */
int secret_path(const char *config_file, const char *path, char **ret);

/*
 * 0; or with one row added to `errors`: -ENOENT, -EACCES (not allowed to, or it is readable by
 * group or others), -EINVAL (not 32 bytes, or not a file), or another errno of open(2) and read(2).
 */
int secret_read(const char *path, struct errors *errors, struct secret *ret);

/* `length` bytes of the key that is called `label`. 0, or -EINVAL above SECRET_KEY_MAX. */
int secret_derive(const struct secret *secret, const char *label, void *key, size_t length);

/* Leaves nothing of it in memory. For _cleanup_ on a struct on the stack. */
void secret_erase(struct secret *secret);

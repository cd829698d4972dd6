/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <sys/types.h>

/* Makes the directory and those above it that are missing, with `mode`. 0 or a negative errno. */
int directory_make(const char *path, mode_t mode);

/* The same for the directory that the file at `path` lies in. */
int directory_make_for(const char *path, mode_t mode);

/*
 * Locks the directory (flock(2)) until the descriptor that is returned is closed, as it is when the process ends,
 * whatever ends it. -EBUSY: somebody else has locked it; -ENOENT; another negative errno.
 */
int directory_lock(const char *path);

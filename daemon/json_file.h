/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* JSON in a file of a daemon's own, for its next start. */
#pragma once

#include <jansson.h>

/*
 * Written beside the file, synced and renamed, so it is there or it is not; for its owner alone. 0 or a
 * negative errno, -ENOMEM if `root` is NULL.
 */
int json_file_write(const char *path, const json_t *root);

/* 0; -ENOENT: there is none; -EBADMSG: it is no JSON object; another errno. */
int json_file_read(const char *path, json_t **ret);

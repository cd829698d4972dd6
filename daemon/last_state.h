/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The last state of the store that this node has taken, in a file of its own, so that it starts with it
 * when the store cannot be reached. Written beside the file and renamed, so it is there or it is not.
 */
#pragma once

#include "core/documents.h"

/* 0; -ENOENT: there is none; -EBADMSG: it is not one; another errno. */
int last_state_read(const char *path, struct documents *ret);

/* 0 or a negative errno. */
int last_state_write(const char *path, const struct documents *documents);

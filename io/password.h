/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A password in a file of its own: its first line. Who else can read the file makes it an error. */
#pragma once

struct errors;

/* The caller frees *ret. 0; or with a row added to `errors`, -EACCES, -EINVAL or an errno of open(2). */
int password_read(const char *path, struct errors *errors, char **ret);

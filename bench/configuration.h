/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A configuration that a program writes, read and checked as an operator's would be. */
#pragma once

#include <stdio.h>

#include "core/config.h"

/* 0 or a negative errno, said to stderr. */
int configuration_read(void (*write)(FILE *file, const void *what), const void *what,
		       struct config **ret);

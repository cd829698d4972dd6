/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What stands on the command line beside the verb and its arguments. */
#pragma once

#include <stdbool.h>

struct options {
	const char *socket;
	const char *config, *node; /* NULL: as the daemon says */
	bool json, list;
};

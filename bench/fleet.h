/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Configurations of any size, as an operator would write them. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/*
 * Service s0 is the first two backends' and asked for its health, if it is `asked`. Every other one has
 * `members` of the backends, from the number of its own on, round and round. All have VIPs of both
 * families and port 7000, and lie behind one gateway, g1.
 */
struct fleet {
	unsigned int services, backends, members;
	bool asked;
	unsigned int weight; /* of the first member of the last service */
};

/* The backend ID has the locator fd48:6f6c:1:ID::/64, in hexadecimal. */
void fleet_write(FILE *file, const struct fleet *fleet);

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Configurations of any size, as an operator would write them. */
#pragma once

#include <stdio.h>

/*
 * Service i has the VIP number i, and `members` of the backends, from number i * members on, round and
 * round. Everything lies behind one gateway, g1.
 */
struct fleet {
	unsigned int services, backends, members;
	unsigned int max_backends;
	const char *check; /* health: off, tcp ... */
	const char *secret;
};

/* The node's locator is fd48:6f6c:NODE::/64, with the low half of that in hexadecimal: see fleet.c. */
void fleet_write(FILE *file, const struct fleet *fleet);

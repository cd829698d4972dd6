/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which of a service's rows lead to other sites: a part of those that Maglev gave to our own members is
 * taken from them, as large as the shares say (core/policy.h), and everything else stays as it is.
 *
 * Every site has an order of its own in which it takes rows, made from its number and the fleet's key. It
 * goes round the members, so each of them gives the same part of what it has, to within a row for each
 * site; and a share that changes moves the rows by which it changes, and none of those that members keep.
 * The nearest site takes first; where orders meet, a farther one goes on to its next row.
 *
 *   rows      b1 b2 b3 b1 b2 b3 b1 b2 b3 b1 ...
 *   order      4  1  7  9  5  2 ...               of one site: its first is the second row
 *   a tenth   b1 -- b3 b1 b2 b3 b1 b2 b3 b1 ...
 *
 * The result depends on the rows, the numbers and the shares alone, so all gateways of a site that agree on
 * the shares have the same rows. Against a weighted entry among Maglev's: docs/decisions.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SPREAD_WHOLE 1000

struct spread_site {
	uint16_t value; /* what its rows are to hold: ROW_SITE and its number */
	uint32_t share; /* of all rows, thousandths */
};

/*
 * Gives of rows[0 .. size - 1] to the sites, the nearest first, `n` of them, whose shares are at most
 * SPREAD_WHOLE together. 0; or -ENOMEM, and the rows are as they were.
 */
int spread_rows(uint16_t *rows, uint32_t size, const struct spread_site *sites, size_t n,
		uint64_t key);

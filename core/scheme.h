/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What Holdfast is compared with: the ways in which others choose a connection's server. They are
 * plans for the same programs, so that a comparison has the same network, rows and servers, and nothing
 * differs but the choice. Only the lab asks for one (`--scheme`): docs/decisions/0014-schemes.md.
 */
#pragma once

#include "core/plan.h"

/* ROW(symbol, name, generations of rows, flags that its services have, flags that they may keep) */
#define SCHEMES(ROW)                                                                               \
	ROW(HOLDFAST, "holdfast", CANDIDATES_MAX, 0, ~0U)                                          \
	ROW(HASH, "hash", 1, SERVICE_ONE_WAY, 0)                                                   \
	ROW(TABLE, "hash+table", 1, SERVICE_ONE_WAY | SERVICE_STICKY, 0)                           \
	ROW(SECOND_CHANCE, "second-chance", 2, SERVICE_ONE_WAY, 0)                                 \
	ROW(CHEETAH, "cheetah", 1, SERVICE_ONE_WAY, SERVICE_COOKIE)

enum scheme {
#define ROW(symbol, name, generations, flags, kept) SCHEME_##symbol,
	SCHEMES(ROW)
#undef ROW
};

/* 0, or -EINVAL and in `complaint` what there is instead of `name`. */
int scheme_named(const char *name, enum scheme *ret, char complaint[static 320]);

/* Makes a gateway's or an agent's plan one of the scheme. 0, or -ENOMEM and the plan is of no use. */
int scheme_apply(enum scheme scheme, struct plan *plan);

/* Has the connections' clock no bound (wire/clock.h)? */
static inline bool scheme_has_plain_clock(enum scheme scheme)
{
	return scheme == SCHEME_CHEETAH;
}

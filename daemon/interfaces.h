/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The interfaces that the configuration names, and which of them are there. One that is missing (a card that died,
 * a bond that is not made yet) must not keep the others from their work; and one that is made anew, under its old
 * name, has another index and none of what its forerunner had: no program, no settings, no routes.
 *
 * Invariant: an interface comes once for each index that it has, whatever becomes of what is done with it then,
 * so that one that refuses a program is not asked at every change of the network.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct interfaces;

struct interfaces *interfaces_new(void); /* NULL: no memory */
struct interfaces *interfaces_free(struct interfaces *interfaces);

/* if_nametoindex, which tests replace: 0: there is none of this name. */
typedef unsigned int (*interfaces_index_fn)(const char *name);

/*
 * One of the `n` names that has come since the last question: it was missing, or has another index. NULL: none
 * has, any more. Names are known by their text; the one that is returned is the caller's own.
 */
char *interfaces_came(struct interfaces *interfaces, char *const *names, size_t n,
		      interfaces_index_fn index);

/*
 * Those of the names that are there, into `ret` of `n` places, and how many: 0 to n. All of them count as come. What
 * is missing is said in a warning, once until it comes: `what` is attached to it then.
 */
size_t interfaces_there(struct interfaces *interfaces, char *const *names, size_t n, const char *what,
			interfaces_index_fn index, char **ret);

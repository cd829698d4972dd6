/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * When is a service closed? When its rows lead to nobody, and that is no old news: other sites are asked
 * patiently, so what was heard of them last may be a third of a second old, and one that has just come back looks
 * dead. A VIP that is withdrawn and announced again costs more than an answer. So they are asked once more first:
 *
 *	served --nobody is open--> asking --all have answered, and nobody is open--> closed
 *	   ^                          |                                                 |
 *	   +-------somebody is open---+-------------------somebody is open--------------+
 *
 * Meanwhile new connections are refused: the rows are as closed as they will be.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct closing {
	bool closed;	/* as closing_settles has said */
	bool asked;	/* since nobody is open */
	size_t awaited; /* so many have not answered yet: the caller counts */
};

/* Rows were planned, `served` if they lead to somebody. True: other sites' members are to be asked now. */
bool closing_asks(struct closing *closing, bool served);

/* Behind closing_asks, and again when the last one has answered. True: `closed` has changed. */
bool closing_settles(struct closing *closing, bool served);

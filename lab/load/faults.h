/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * In how many ways a connection can break, a row each; told at once in a line of JSON on stdout,
 * and counted.
 */
#pragma once

#include <stdint.h>

#include <jansson.h>

#include "base/address.h"

/* X(constant, name in JSON, what happened) */
#define FAULT_ROWS(X)                                                                              \
	X(RESET, "reset", "a reset came")                                                          \
	X(CLOSED, "closed", "the other end closed, and should not have")                           \
	X(TIMEOUT, "timeout", "TCP gave up")                                                       \
	X(UNREACHABLE, "unreachable", "the network says there is no way")                          \
	X(REFUSED, "refused", "a reset for an answer to the SYN")                                  \
	X(STALL, "stall", "what was due did not come in time")                                     \
	X(WRONG_BYTE, "wrong-byte", "a byte is not the one that was sent")                         \
	X(WRONG_NAME, "wrong-name", "another server answers than before")                          \
	X(SOCKET, "socket", "another error of the socket")

enum fault {
#define X(constant, name, text) FAULT_##constant,
	FAULT_ROWS(X)
#undef X
		FAULTS,
};

struct tally {
	uint64_t of[FAULTS];
};

/* Of a negative errno of a channel or a socket. */
enum fault fault_of(int error);

/* Tells and counts. `name` is the server's, may be NULL; `ms` how long something had been due, or
 * 0. */
void fault_found(struct tally *tally, enum fault fault, const struct endpoint *here,
		 const struct endpoint *there, const char *name, uint64_t ms);

json_t *tally_json(const struct tally *tally);
uint64_t tally_sum(const struct tally *tally);

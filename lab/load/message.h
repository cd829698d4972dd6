/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What client and server of the load program say to each other: a head, then `length` bytes of the
 * stream (stream.h). A request says what it wants for an answer; an answer says who gives it.
 *
 *	 0        4          8        12       16         20      24        40       48
 *	+--------+----------+--------+--------+----------+-------+---------+--------+- - - - -
 *	| magic  | sequence | length | wanted | delay ms | asks  | name    | check  | stream
 *	+--------+----------+--------+--------+----------+-------+---------+--------+- - - - -
 *
 * The check covers the rest of the head, keyed like the stream; so there is no byte on the
 *connection that is not checked.
 */
#pragma once

#include <assert.h>
#include <endian.h>
#include <stdbool.h>
#include <stdint.h>

#include <linux/types.h>

#define MESSAGE_MAGIC 0x48664c64 /* HfLd */
#define MESSAGE_NAME_MAX 16	 /* with its NUL */

/* What a request may ask for besides its answer. Those behind ASK_CLOSE are faults, planted to see
 * that they are found: a load program that finds none must be one that would. */
enum message_asks {
	ASK_CLOSE = 1 << 0,	 /* close after the answer: the server is first */
	ASK_RESET = 1 << 1,	 /* a reset for an answer */
	ASK_SILENCE = 1 << 2,	 /* none at all */
	ASK_WRONG_BYTE = 1 << 3, /* one with a flipped bit */
	ASK_WRONG_NAME = 1 << 4, /* one in another server's name */
	ASK_EARLY_END = 1 << 5,	 /* close instead of an answer */
	ASK_NOTHING = 1 << 6,	 /* an ordinary request, but with a flipped bit of its own */
};

struct message {
	__be32 magic;
	__be32 sequence; /* from 0, in each direction */
	__be32 length;
	__be32 wanted; /* bytes of stream in the answer */
	__be32 delay_ms;
	__be32 asks;
	char name[MESSAGE_NAME_MAX];
	__be64 check;
};

static_assert(sizeof(struct message) == 48, "struct message");

/* Fills in magic and check. `key` is the stream's. */
void message_seal(struct message *message, uint64_t key);

bool message_is_good(const struct message *message, uint64_t key);

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One end of a connection that speaks in messages (message.h): a socket that never blocks, one
 * message on its way out, one on its way in, and every byte made and checked here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lab/load/message.h"
#include "lab/load/stream.h"

struct half {
	struct stream stream;
	struct message head;
	uint32_t sequence; /* of the message under way */
	uint32_t done;	   /* bytes of it, head included */
	bool busy;	   /* there is one under way (out); part of one has come (in) */
	uint64_t bytes;	   /* in all */
};

struct channel {
	int fd;
	struct half out, in;
	bool flip; /* one bit of the next message will be wrong */
};

/* Over a socket between two ends, whose owner remains the caller. */
void channel_init(struct channel *channel, int fd, const struct endpoint *here,
		  const struct endpoint *there);

/*
 * Begins a message, with as much of the stream as `length` says; the rest of the head is the
 * caller's but for sequence, magic and check. -EBUSY: the last one is not out yet. Then as
 * channel_flush.
 */
int channel_send(struct channel *channel, const struct message *message);

/* 0: nothing is left to write. -EAGAIN: wait until the socket is writable. Else negative errno. */
int channel_flush(struct channel *channel);

/*
 * 1: a whole message came, *ret is its head. 0: not yet. -EBADMSG: a wrong byte, at in.stream.at of
 * the stream if the head was right. -ENODATA: the other end closed, in the middle of a message if
 * in.done > 0. Else negative errno.
 */
int channel_receive(struct channel *channel, struct message *ret);

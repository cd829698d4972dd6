/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bytes that both ends of a connection know beforehand: a keyed pseudo-random stream in each
 * direction, read on from where the last message ended. So a byte that is lost, doubled, flipped,
 * or of another connection is found where it arrives.
 *
 * The key comes from the connection's addresses and ports, which are the same at both ends, because
 * nobody on the way translates them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

struct stream {
	uint64_t key;
	uint64_t at; /* bytes taken so far */
};

/* The bytes that `from` sends to `to`. */
struct stream stream_between(const struct endpoint *from, const struct endpoint *to);

/* The next `n` bytes. */
void stream_take(struct stream *stream, void *ret, size_t n);

/* Are these the next `n` bytes? If not, `stream->at` is the offset of the first wrong one. */
bool stream_matches(struct stream *stream, const void *bytes, size_t n);

/* A well mixed number (splitmix64, Steele et al., OOPSLA 2014). */
uint64_t stream_mix(uint64_t x);

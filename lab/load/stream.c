/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lab/load/stream.h"

#include <string.h>

uint64_t stream_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static uint64_t mix_endpoint(uint64_t key, const struct endpoint *endpoint)
{
	uint64_t halves[2];

	memcpy(halves, &endpoint->address, sizeof(halves));
	key = stream_mix(key ^ halves[0]);
	key = stream_mix(key ^ halves[1]);
	return stream_mix(key ^ endpoint->port);
}

struct stream stream_between(const struct endpoint *from, const struct endpoint *to)
{
	return (struct stream){.key = mix_endpoint(mix_endpoint(0, from), to)};
}

static uint8_t byte_at(const struct stream *stream, uint64_t at)
{
	return stream_mix(stream->key + at / 8) >> (at % 8 * 8);
}

void stream_take(struct stream *stream, void *ret, size_t n)
{
	uint8_t *bytes = ret;

	for (size_t i = 0; i < n; i++)
		bytes[i] = byte_at(stream, stream->at++);
}

bool stream_matches(struct stream *stream, const void *bytes, size_t n)
{
	const uint8_t *have = bytes;

	for (size_t i = 0; i < n; i++, stream->at++)
		if (have[i] != byte_at(stream, stream->at))
			return false;
	return true;
}

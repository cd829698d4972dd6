/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/packet/mutation.h"

#include <stdio.h>
#include <string.h>

#define CHANGES_MAX 4
#define HEADERS 128 /* where most changes are: behind them nobody looks */
#define ETHERNET_SIZE 14

/* xorshift64* (Vigna, 2016) */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL >> 16;
}

/* Values at which lengths, offsets and types turn. */
static const uint16_t edges[] = {0,	 1,	 4,	 5,	 7,	 8,	 19,	 20,	 39,	 40,
				 41,	 43,	 44,	 58,	 60,	 0x0800, 0x1fff, 0x2000, 0x3fff, 0x7fff,
				 0x8000, 0x8100, 0x86dd, 0x88a8, 0xfffe, 0xffff};

static void change(struct frame *frame, uint64_t *state)
{
	size_t reach = frame->size < HEADERS ? frame->size : HEADERS;
	size_t at = reach ? next_random(state) % reach : 0, length = 1 + next_random(state) % 40;
	uint16_t edge = edges[next_random(state) % (sizeof(edges) / sizeof(*edges))];

	switch (next_random(state) % 6) {
	case 0:
		frame->bytes[at] ^= 1 << next_random(state) % 8;
		break;
	case 1:
		frame->bytes[at] = next_random(state);
		break;
	case 2: /* big-endian, or a byte */
		frame->bytes[at] = edge >> 8;
		frame->bytes[at + 1] = edge;
		break;
	case 3: /* it ends here */
		if (at >= ETHERNET_SIZE)
			frame->size = at;
		break;
	case 4: /* a piece is missing */
		if (frame->size < at + length + ETHERNET_SIZE)
			break;
		memmove(frame->bytes + at, frame->bytes + at + length, frame->size - at - length);
		frame->size -= length;
		break;
	case 5: /* a piece comes twice */
		if (frame->size + length > FRAME_MAX / 2)
			break;
		memmove(frame->bytes + at + length, frame->bytes + at, frame->size - at);
		frame->size += length;
		break;
	}
}

struct frame mutation_of(const struct frame *frame, unsigned int number)
{
	uint64_t state = (number + 1) * 0x9e3779b97f4a7c15ULL;
	struct frame mutation = *frame;

	next_random(&state);
	for (uint64_t i = 1 + next_random(&state) % CHANGES_MAX; i; i--)
		change(&mutation, &state);
	return mutation;
}

static size_t word_at(const struct frame *frame, size_t at)
{
	return (size_t)frame->bytes[at] << 8 | frame->bytes[at + 1];
}

bool is_packet(const struct frame *frame)
{
	size_t at = ETHERNET_SIZE;
	size_t type = frame->size < at ? 0 : word_at(frame, at - 2);

	for (int tags = 0; tags < 2 && (type == VLAN_C || type == VLAN_S); tags++, at += 4)
		type = frame->size < at + 4 ? 0 : word_at(frame, at + 2);
	if (type == 0x86dd)
		return frame->size >= at + 40 && frame->bytes[at] >> 4 == 6 &&
		       40 + word_at(frame, at + 4) <= frame->size - at;
	return type == 0x0800 && frame->size >= at + 20 && frame->bytes[at] >> 4 == 4 &&
	       word_at(frame, at + 2) <= frame->size - at;
}

void mutation_print(const char *name, size_t which, unsigned int number, const struct frame *frame)
{
	fprintf(stderr, "%s: frame %zu, mutation %u, %zu bytes:", name, which, number, frame->size);
	for (size_t i = 0; i < frame->size; i++)
		fprintf(stderr, " %02x", frame->bytes[i]);
	fputc('\n', stderr);
}

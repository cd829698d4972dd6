/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A cursor over a packet: each take checks that the bytes are there, then advances past them. After
 * anything that moves the packet's ends (bpf_xdp_adjust_head, _tail), a new cursor.
 */
#pragma once

#include "bpf/steps/program.h"

/*
 * How far into a frame a cursor can be set: more than the longest chain of headers that is walked, so
 * that no offset wraps, and less than the 64 KiB that the verifier follows. A power of two less one.
 */
#define CURSOR_REACH 0x7fff

struct cursor {
	void *start;
	void *at;
	void *end;
};

/*
 * A pointer of the context, which is declared as half of one. Loaded anew and widened at once: the
 * compiler would keep the half for a later use, and the verifier lets nobody spill half a pointer.
 */
step void *context_pointer(const volatile __u32 *half)
{
	__u64 whole = *half;

	asm volatile("" : "+r"(whole));
	return (void *)whole;
}

step struct cursor cursor_new(struct xdp_md *ctx)
{
	struct cursor cursor = {
		.start = context_pointer(&ctx->data),
		.end = context_pointer(&ctx->data_end),
	};

	cursor.at = cursor.start;

	return cursor;
}

/* Length of the frame. */
step __u64 frame_size(const struct xdp_md *ctx)
{
	return context_pointer(&ctx->data_end) - context_pointer(&ctx->data);
}

/* The same, by a cursor that is still at hand. Computed at once: one number to keep, and not two. */
step __u64 cursor_size(const struct cursor *cursor)
{
	__u64 size = cursor->end - cursor->start;

	asm volatile("" : "+r"(size));
	return size;
}

/* Are there so many bytes (a constant)? Asked so, the compiler has no pointer to compare with NULL. */
step bool cursor_has(const struct cursor *cursor, __u32 size)
{
	return cursor->at + size <= cursor->end;
}

/* The next `size` bytes (a constant), or NULL when the packet ends before. */
step void *cursor_take(struct cursor *cursor, __u32 size)
{
	void *taken = cursor->at;

	if (taken + size > cursor->end)
		return NULL;
	cursor->at = taken + size;
	return taken;
}

/* Passes over `size` bytes that nobody reads (a variable, bounded for the verifier). */
step void cursor_skip(struct cursor *cursor, __u32 size)
{
	cursor->at += size & 0xfff;
}

/* The offset from the start of the packet. The empty asm keeps the subtraction in 64 bits: see above. */
step __u32 cursor_offset(const struct cursor *cursor)
{
	__u64 offset = cursor->at - cursor->start;

	asm volatile("" : "+r"(offset));
	return offset;
}

/* Bytes from here to the end of the frame, padding included. */
step __u32 cursor_left(const struct cursor *cursor)
{
	long left = cursor->end - cursor->at;

	return left < 0 ? 0 : left;
}

/*
 * Forgets how the cursor came here: to the verifier, one unknown offset instead of one state for each
 * combination of tags and headers, which would be followed to the program's end one by one. The empty
 * asm keeps the compiler from computing the offset, which would bring the combinations back.
 */
step void cursor_settle(struct cursor *cursor)
{
	void *at = cursor->at;

	asm volatile("" : "+r"(at));
	cursor->at = cursor->start + ((at - cursor->start) & CURSOR_REACH);
}

/*
 * The same for a number that tells how a packet was parsed: `number ^= cursor_unknown(&cursor)` leaves it
 * as it is, but the verifier no longer knows it. To the verifier, the difference of two pointers is any
 * number; in truth it is that of a pointer and itself.
 */
step __u32 cursor_unknown(const struct cursor *cursor)
{
	void *start = cursor->start;
	__u64 zero;

	asm volatile("%0 = %1\n"
		     "%0 -= %1"
		     : "=&r"(zero)
		     : "r"(start));
	return zero;
}

/* A cursor at a remembered offset, for a packet whose ends have moved. */
step struct cursor cursor_at(struct xdp_md *ctx, __u32 offset)
{
	struct cursor cursor = cursor_new(ctx);

	cursor.at += offset & CURSOR_REACH;
	return cursor;
}

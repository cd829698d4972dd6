/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A connection's own clock, which its cookies carry (wire/cookie.h), and the way back from an echo to
 * the kernel's own timestamp.
 *
 * Sixteen bits of milliseconds wrap their sign after 32.8 s: were the wire's clock the kernel's, the
 * client would take what the server sends after a longer silence for old, and drop it (PAWS, RFC 7323,
 * 5). So a connection's clock lags the kernel's by an amount of its own, which grows whenever the clock
 * would otherwise run too far ahead of what the client is known to have seen.
 *
 *   bound     no segment is more than CLOCK_AHEAD_MAX beyond the newest echo. What the client has seen
 *             lies between that echo and the last clock sent, so every segment is in front of it by
 *             less than half of the wrap. (A bound from the last clock *sent* would add up over lost
 *             retransmissions.)
 *   monotone  a segment's clock is never below one sent before.
 *   restore   an echo becomes the kernel's own value again, exactly; where several of the kernel's values
 *             went out as one (the clock stood at its bound), the last of them. Never an earlier one:
 *             the stack would take the ACK of a retransmission for that of the original, and undo
 *             its congestion control by mistake (RFC 3522).
 *
 * Pure functions: the kernel's clock is an argument. Differences of 32-bit clocks are signed.
 *
 * Several CPUs send and receive for one connection, and none waits for another where it matters: a lock costs
 * twice what all the rest does. What belongs together is one word:
 *
 *   now      lag and newest clock, exchanged together (compare and swap): whoever sends a clock has noted it
 *            before, under the lag that it was made with
 *   before   written in front of the lag that it precedes. Who reads it after `now` finds the one that goes with
 *            it; on a machine that reorders loads, for the moment of a change, perhaps an older one, and the echo
 *            becomes a value above its own, never below
 *   echo     only ever rises
 *
 * Where the lag changes, after half a wrap of silence, the caller has a lock.
 */
#pragma once

#include <linux/types.h>

#define CLOCK_AHEAD_MAX (1 << 14)

/* All in milliseconds; clocks are the connection's, 32 bits of which 16 travel. */
struct connection_clock {
	union {
		struct {
			__u32 lag;  /* kernel's clock less the connection's */
			__u32 sent; /* newest clock sent */
		};
		__u64 now;
	};
	union {
		struct {
			__u32 lag_before; /* what held for clocks ... */
			__u32 since;	  /* ... before this one */
		};
		__u64 before;
	};
	__u32 echo; /* newest clock that the client echoed */
	__u32 zero;
};

_Static_assert(sizeof(struct connection_clock) == 24, "no hidden padding behind a spin lock");

#define CLOCK_TRIES 8 /* another CPU came first: in each it has sent a later clock, so it is never that often */

#define clock_inline static inline __attribute__((always_inline))

/* A word that others write meanwhile. */
#define clock_read(field) (*(const volatile __typeof__(field) *)&(field))

/* The newest clock up to `latest` whose low half is `wire`. */
clock_inline __u32 clock_extend(__u32 latest, __u16 wire)
{
	return latest - (__u16)(latest - wire);
}

/*
 * Under this lag, would the client take a SYN-ACK? `syn_echo` is the TSecr of its SYN: what it remembers of a
 * former connection of these ports (Linux with tcp_tw_reuse), and holds against the new one. So the clock must be
 * after that by less than half a wrap.
 */
clock_inline int clock_birth_holds(__u32 lag, __u32 kernel, __u32 syn_echo)
{
	return (__s16)(kernel - lag - (syn_echo >> 16)) > 0;
}

/*
 * The lag of a new connection: none, where the kernel's own clock will do, as for most, whose former connection
 * had it too, and whose TSecr of 0 remembers nothing. Else the clock starts just after what the client remembers.
 */
clock_inline __u32 clock_birth_lag(__u32 kernel, __u32 syn_echo)
{
	if (!syn_echo || clock_birth_holds(0, kernel, syn_echo))
		return 0;
	return (__u16)(kernel - (syn_echo >> 16) - 1);
}

/*
 * In the handshake nothing is stored yet: the SYN-ACK went out under `lag`, less than a wrap ago. The
 * kernel's value, of the echo in the client's ACK.
 */
clock_inline __u32 clock_restore_handshake(__u32 lag, __u32 kernel, __u16 wire)
{
	return clock_extend(kernel - lag, wire) + lag;
}

/*
 * Established: by an ACK whose echo is the kernel's value `echoed`, of a SYN-ACK under `lag`. A later
 * SYN-ACK may have gone out, but a client that has answered one takes no timestamp from another.
 */
clock_inline void clock_born(struct connection_clock *clock, __u32 lag, __u32 echoed)
{
	clock->lag = clock->lag_before = lag;
	clock->sent = clock->echo = clock->since = echoed - lag;
}

/*
 * A connection whose clock is not known any more (its storage was lost), from an echo of it. What
 * the lag was is lost too: the echo passes for the kernel's now, which is not below the true value.
 */
clock_inline void clock_adopted(struct connection_clock *clock, __u32 kernel, __u16 wire)
{
	clock->lag = clock->lag_before = kernel - wire;
	clock->sent = clock->echo = clock->since = wire;
}

/*
 * The clock to send for a segment that the kernel stamped with `kernel`, without a lock. False: the bound holds
 * it, or another CPU came first; then the same with the lock.
 */
clock_inline int clock_stamp_freely(struct connection_clock *clock, __u32 kernel, __u32 *ret)
{
	struct connection_clock seen = {.now = clock_read(clock->now)}, next = seen;
	__u32 now = kernel - seen.lag, most = clock_read(clock->echo) + CLOCK_AHEAD_MAX;

	if ((__s32)(now - most) > 0)
		return 0;
	*ret = seen.sent;
	if ((__s32)(now - seen.sent) <= 0)
		return 1;
	*ret = next.sent = now;
	return __sync_val_compare_and_swap(&clock->now, seen.now, next.now) == seen.now;
}

/* The same; whoever changes the lag has the lock. */
clock_inline __u32 clock_stamp(struct connection_clock *clock, __u32 kernel)
{
	struct connection_clock seen, next;
	__u32 now, most;

	for (int i = 0; i < CLOCK_TRIES; i++) {
		seen.now = next.now = clock_read(clock->now);
		now = kernel - seen.lag;
		most = clock_read(clock->echo) + CLOCK_AHEAD_MAX;
		if ((__s32)(now - most) > 0) {
			if (clock->since != most) {
				next.lag_before = seen.lag;
				next.since = most;
				*(volatile __u64 *)&clock->before = next.before;
			}
			next.lag = kernel - most;
			now = most;
		}
		if ((__s32)(now - seen.sent) < 0)
			now = seen.sent;
		next.sent = now;
		if (__sync_val_compare_and_swap(&clock->now, seen.now, next.now) == seen.now)
			break;
	}
	return now;
}

/* Without the bound, to see what becomes of connections then (core/scheme.h). */
clock_inline __u32 clock_stamp_plainly(struct connection_clock *clock, __u32 kernel)
{
	return clock->sent = kernel - clock->lag;
}

/* The kernel's value of an echo, which is also noted as seen by the client. */
clock_inline __u32 clock_restore(struct connection_clock *clock, __u16 wire)
{
	struct connection_clock seen = {.now = clock_read(clock->now)};
	__u32 echoed = clock_extend(seen.sent, wire), newest;

	seen.before = clock_read(clock->before);
	for (int i = 0; i < CLOCK_TRIES; i++) {
		newest = clock_read(clock->echo);
		if ((__s32)(echoed - newest) <= 0 ||
		    __sync_val_compare_and_swap(&clock->echo, newest, echoed) == newest)
			break;
	}
	return echoed + ((__s32)(echoed - seen.since) < 0 ? seen.lag_before : seen.lag);
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pin table: which backend holds a flow that carries no cookie. BPF programs on all CPUs and the
 * daemon, in the memory that they share, use it at once, by the functions here.
 *
 *   flow hash --> bucket: 1024 bytes, so that it never crosses a page
 *
 *                 tags: one cache line,                        30 pins: half a cache line each
 *                 8 words of four 16-bit lanes
 *                +----+----+----+----+                        +------------------------------+
 *       home --> |tag |tag | 0  |tag |  lane i of the bucket  | client address            16 |
 *                +----+----+----+----+  tells of pin i        | ports of client and VIP 2, 2 |
 *                |        ...        |                        | service 14 bits, hash 18     |
 *                +----+----+----+----+                        | state                      8 |
 *                |tag |tag | -  |lock|                        +------------------------------+
 *                +----+----+----+----+
 *
 * A flow has a home line, of two pins, and it is there that its pin is put as long as there is room: so nearly
 * every packet that reads its pin reads that one line and no tag (pin_glance). Where it is not, a look-up compares a word's four
 * tags at once, from the home line's word on, and reads a pin where its tag agrees. A bucket is full when
 * all of its words are, so the table is evenly full; the pin that gives way is one of the home word, the one
 * that is worth least.
 *
 * The VIP is not in the pin. Two flows to one service that differ in nothing else are told apart by 48
 * bits of the keyed hash: the bucket's number and the pin's 18 bits, which are 32 together, and the tag.
 *
 * State, one word, so that a pin of one flow changes in one store:
 *
 *    63          48 47          32 31            12 11         4 3      0
 *   +--------------+--------------+----------------+------------+--------+
 *   |   backend    |     time     |   ISN's tag    | generation | phase  |
 *   +--------------+--------------+----------------+------------+--------+
 *
 * Writers of a bucket exclude each other by the last lane, which has no pin. Nobody waits long for it: a BPF
 * program that does not get it goes without, and a daemon that was killed with it is a bucket without
 * new pins until the next one starts (pin_table_recover). Readers take no lock. A pin that changes hands has
 * phase 0 and another generation while its key is written, and a reader looks at the state before and
 * behind the key: it sees the old pin, or the new one, or none. Only a reader that stands still while the
 * pin changes hands 256 times could see the same state again: minutes under a flood, and a program is not put to sleep.
 *
 * This counts on loads and stores that other CPUs see in program order (x86-64). The places where a
 * machine of another kind needs a barrier are the calls of pin_order().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "wire/flow.h"

#define pin_inline static inline __attribute__((always_inline))

#define PIN_WORDS 8
#define PIN_WORD_LANES 4
#define PIN_LANE_BITS 16
#define PIN_LINE_PINS 2
#define PIN_LINES 15
#define PIN_WAYS (PIN_LINES * PIN_LINE_PINS)
#define PIN_LOCK_SHIFT 48 /* of the last word */

union pin_key {
	struct {
		union address client;
		__be16 client_port;
		__be16 vip_port;
		__u32 service_hash; /* service << 18 | the hash's bits 49 to 32 */
	};
	__u64 words[3];
};

struct pin {
	union pin_key key;
	__u64 state;
};

_Static_assert(sizeof(struct pin) == 32, "two pins to a cache line");

struct pin_bucket {
	__u64 words[PIN_WORDS];
	struct pin pins[PIN_WAYS];
};

_Static_assert(sizeof(struct pin_bucket) == 1024, "a line of tags, and behind it lines of two pins");

#define PIN_HASH_BITS 18
#define PIN_BUCKET_BITS_MIN 14 /* so that a pin's place and its 18 bits are 32 bits of the hash */
#define PIN_BUCKET_BITS_MAX 19 /* 512 MB, as far as the verifier follows an index */
#define PIN_BUCKET_BITS 15 /* by default: 983,040 pins in 34 MB */

/* What was last seen of the flow. It decides how long a pin without packets is honoured. */
enum pin_phase {
	PIN_NONE,	 /* free, or about to be another flow's */
	PIN_NEW,	 /* one packet, or only the server's answer to it */
	PIN_ESTABLISHED, /* TCP, and the client has spoken again */
	PIN_DATAGRAMS,	 /* UDP likewise: the number behind */
	PIN_CLOSING,	 /* the client's FIN */
	PIN_RESET,	 /* the client's RST; another segment proves it wrong */
	PIN_PHASES,
};

#define PIN_PHASES_MAX 8

struct pin_settings {
	__u16 timeouts[PIN_PHASES_MAX]; /* by phase, in ticks */
	__u32 bucket_bits;		/* the table has 1 << bucket_bits buckets */
	__u32 jiffy_ns;
};

_Static_assert(sizeof(struct pin_settings) == 24, "");

/*
 * Time in ticks of 2^30 ns (1.07 s) of jiffies. What a daemon adds to its own clock for that is in bpf/clock.h.
 * 16 bits wrap after 19.5 hours: a pin of that age may look young, so the daemon clears what
 * has ended long before.
 */
#define PIN_TICK_SHIFT 30
#define PIN_CLOCK_SHIFT 20     /* a daemon is told the time in 2^20 ns */
#define PIN_TIMEOUT_MAX 0x8400 /* ticks: ten hours and some */
#define PIN_AGE_AHEAD 0xff00   /* not old: another CPU was a tick ahead */
#define PIN_REFRESH 4	       /* ticks: a pin that was read is that much behind at most */
#define PIN_RECENT 16	       /* ticks: and need not be read again for so long (bpf/steps/recent.h); a power of two */

pin_inline __u16 pin_ticks(__u64 ns)
{
	return ns >> PIN_TICK_SHIFT;
}

#define PIN_STATE(backend, time, isn, generation, phase)                                           \
	((__u64)(backend) << 48 | (__u64)(time) << 32 | (__u64)(isn) << 12 |                       \
	 (__u64)(generation) << 4 | (phase))

pin_inline __u16 pin_backend(__u64 state)
{
	return state >> 48;
}

pin_inline __u16 pin_time(__u64 state)
{
	return state >> 32;
}

pin_inline __u32 pin_isn(__u64 state)
{
	return state >> 12 & 0xfffff;
}

pin_inline __u8 pin_generation(__u64 state)
{
	return state >> 4;
}

pin_inline __u8 pin_phase(__u64 state)
{
	return state & 0xf;
}

/* What two looks at one flow's pin have in common, whoever refreshed it in between. */
#define PIN_SAME_MASK (PIN_STATE(0xffff, 0, 0, 0xff, 0))

/* The tag of a client's initial sequence number (RFC 9293, 3.4.1); 0 stands for: not known. */
pin_inline __u32 pin_isn_tag(__u32 isn)
{
	__u32 tag = isn * 0x9e3779b1U >> 12;

	return tag ? tag : 1;
}

/* Memory, as others see it while we look. */

#define PIN_LOAD(place) (*(const volatile __typeof__(place) *)&(place))
#define PIN_STORE(place, value) (*(volatile __typeof__(place) *)&(place) = (value))

pin_inline void pin_order(void)
{
	asm volatile("" ::: "memory");
}

/* For BPF's verifier: keeps the check of an index beside its use, where the compiler would know better. */
pin_inline void pin_opaque(__u32 *index)
{
	asm volatile("" : "+r"(*index));
}

/* Where a flow's pin is looked for, and when. */
struct pin_seek {
	struct pin_bucket *bucket;
	union pin_key key;
	__u16 now; /* ticks */
	__u16 tag; /* PIN_TAG_MIN or more */
};

#define PIN_TAG_MIN 4 /* smaller lanes: free, or the lock's owner */

/* The flow hash, mixed anew: a router has but a share of its values. */
pin_inline __u64 pin_mix(__u64 flow_hash)
{
	return flow_hash * 0x9fb21c651e98df25ULL;
}

pin_inline __u32 pin_bucket_of(__u64 flow_hash, __u32 bucket_bits)
{
	return (pin_mix(flow_hash) >> 32) >> (32 - bucket_bits);
}

/* The line where a flow's pin should be, and its word of tags: by the tag, so that a pin can be put elsewhere. */
pin_inline __u32 pin_line(__u16 tag)
{
	__u32 line = tag * PIN_LINES >> PIN_LANE_BITS;

	pin_opaque(&line);
	return line;
}

pin_inline __u32 pin_home(__u16 tag)
{
	return pin_line(tag) * PIN_LINE_PINS / PIN_WORD_LANES;
}

pin_inline union pin_key pin_key_of(const struct flow *flow, __u32 service, __u64 flow_hash)
{
	__u32 mix = pin_mix(flow_hash) >> 32;

	return (union pin_key){
		.client = flow->client,
		.client_port = flow->client_port,
		.vip_port = flow->vip_port,
		.service_hash = service << PIN_HASH_BITS | (mix & ((1U << PIN_HASH_BITS) - 1)),
	};
}

pin_inline __u16 pin_tag_of(__u64 flow_hash)
{
	__u16 bits = pin_mix(flow_hash) >> 16;

	return bits < PIN_TAG_MIN ? bits + PIN_TAG_MIN : bits;
}

/* All but the bucket. */
pin_inline struct pin_seek pin_seek_of(const struct flow *flow, __u32 service, __u64 flow_hash,
				       __u16 now)
{
	return (struct pin_seek){
		.key = pin_key_of(flow, service, flow_hash),
		.now = now,
		.tag = pin_tag_of(flow_hash),
	};
}

/* Ticks since the last packet, or so. */
pin_inline __u16 pin_age(__u64 state, __u16 now)
{
	__u16 age = now - pin_time(state);

	return age >= PIN_AGE_AHEAD ? 0 : age;
}

pin_inline bool pin_lives(__u64 state, __u16 now, const volatile struct pin_settings *settings)
{
	return pin_age(state, now) <= settings->timeouts[pin_phase(state) % PIN_PHASES_MAX];
}

/* Looking */

#define PIN_LANES(tag) ((tag) * 0x0001000100010001ULL)

/* The highest bit of each lane that equals the tag; above such a lane one that differs in its lowest
 * bit may show too, and its key will not agree. */
pin_inline __u64 pin_match(__u64 word, __u16 tag)
{
	__u64 difference = word ^ PIN_LANES(tag);

	return (difference - PIN_LANES(1)) & ~difference & PIN_LANES(0x8000);
}

/* The lane of the lowest bit in a match. */
pin_inline __u32 pin_lane(__u64 match)
{
	return ((match & -match) >> 15) * 0x0000000100020003ULL >> 48 & (PIN_WORD_LANES - 1);
}

pin_inline bool pin_key_equal(const union pin_key *a, const union pin_key *b)
{
	return ((a->words[0] ^ b->words[0]) | (a->words[1] ^ b->words[1]) |
		(a->words[2] ^ b->words[2])) == 0;
}

/* The pin's state if it is this flow's, else 0. Whole, whoever writes. */
pin_inline __u64 pin_read(const struct pin *pin, const union pin_key *key)
{
	__u64 before = PIN_LOAD(pin->state), behind;

	pin_order();
	if (!pin_key_equal(&pin->key, key))
		return 0;
	pin_order();
	behind = PIN_LOAD(pin->state);
	return pin_phase(before) && !((before ^ behind) & PIN_SAME_MASK) ? before : 0;
}

/* As pin_read(), but a pin that is being refreshed just now is none. */
pin_inline __u64 pin_read_still(const struct pin *pin, const union pin_key *key)
{
	__u64 before = PIN_LOAD(pin->state);

	pin_order();
	if (!pin_key_equal(&pin->key, key))
		return 0;
	pin_order();
	return PIN_LOAD(pin->state) == before ? before : 0;
}

/*
 * The state of the flow's pin if it is in its home line, else 0, or PIN_NONE's. The line is all that is read. Who finds
 * nothing here has to search.
 */
pin_inline __u64 pin_glance(const struct pin_seek *seek)
{
	const struct pin *pin = &seek->bucket->pins[pin_line(seek->tag) * PIN_LINE_PINS];
	__u64 state = pin_read_still(pin, &seek->key);

	return state ? state : pin_read_still(pin + 1, &seek->key);
}

/* Begins to fetch the home line while the tags are still on their way. Nobody waits for what is loaded here. */
pin_inline void pin_fetch(const struct pin_seek *seek)
{
	(void)PIN_LOAD(seek->bucket->pins[pin_line(seek->tag) * PIN_LINE_PINS].state);
}

/* The slot of the flow's pin, dead or alive, and its state as it was read; PIN_WAYS: it has none. */
pin_inline __u32 pin_search(const struct pin_seek *seek, __u64 *ret_state)
{
	for (__u32 i = 0; i < PIN_WORDS; i++) {
		__u32 at = (pin_home(seek->tag) + i) % PIN_WORDS;
		__u64 match = pin_match(PIN_LOAD(seek->bucket->words[at]), seek->tag);

		for (__u32 j = 0; j < PIN_WORD_LANES && match; j++) {
			__u32 slot = at * PIN_WORD_LANES;
			__u64 state;

			pin_opaque(&slot); /* so that the sum is no OR: to old verifiers that is any number */
			slot += pin_lane(match);
			match &= match - 1;
			if (slot >= PIN_WAYS)
				break;
			state = pin_read(&seek->bucket->pins[slot], &seek->key);
			if (state) {
				*ret_state = state;
				return slot;
			}
		}
	}
	return PIN_WAYS;
}

/* The flow's pin that is to be honoured, and its state; NULL: it has none. */
pin_inline struct pin *pin_find(const struct pin_seek *seek,
				const volatile struct pin_settings *settings, __u64 *ret_state)
{
	__u64 state;
	__u32 slot = pin_search(seek, &state);

	if (slot >= PIN_WAYS || !pin_lives(state, seek->now, settings))
		return NULL;
	*ret_state = state;
	return &seek->bucket->pins[slot];
}

/*
 * Another packet of the flow was seen, which leaves it in `phase`. Nothing is written as long as that is
 * no news. A pin that has changed meanwhile stays as it is.
 */
pin_inline void pin_refresh(struct pin *pin, __u64 state, __u8 phase, __u16 now)
{
	__u64 fresh = PIN_STATE(pin_backend(state), now, pin_isn(state), pin_generation(state), phase);

	if (pin_phase(state) == phase && pin_age(state, now) < PIN_REFRESH)
		return;
	__sync_val_compare_and_swap(&pin->state, state, fresh);
}

/* Writing */

enum pin_owner { /* of a bucket's lock */
	PIN_UNLOCKED,
	PIN_LOCKED_BY_PROGRAM,
	PIN_LOCKED_BY_DAEMON,
};

#define PIN_LOCK_TRIES 64 /* a writer has done in a hundred ns */

pin_inline bool pin_lock(struct pin_bucket *bucket, enum pin_owner owner)
{
	__u64 *last = &bucket->words[PIN_WORDS - 1];

	for (int i = 0; i < PIN_LOCK_TRIES; i++) {
		__u64 word = PIN_LOAD(*last);

		if (word >> PIN_LOCK_SHIFT == PIN_UNLOCKED &&
		    __sync_val_compare_and_swap(last, word,
						word | (__u64)owner << PIN_LOCK_SHIFT) == word)
			return true;
	}
	return false;
}

pin_inline void pin_unlock(struct pin_bucket *bucket)
{
	__u64 *last = &bucket->words[PIN_WORDS - 1];

	pin_order();
	PIN_STORE(*last, *last & ~(0xffffULL << PIN_LOCK_SHIFT));
}

/* Under the lock: the lane of this slot. */
pin_inline void pin_lane_put(struct pin_bucket *bucket, __u32 slot, __u64 tag)
{
	__u64 *word = &bucket->words[slot / PIN_WORD_LANES % PIN_WORDS];
	__u32 shift = slot % PIN_WORD_LANES * PIN_LANE_BITS;

	PIN_STORE(*word, (*word & ~(0xffffULL << shift)) | tag << shift);
}

/* Under the lock: the slot becomes this flow's, whosoever it was. `fresh` has no generation yet. */
pin_inline void pin_take(const struct pin_seek *seek, __u32 slot, __u64 fresh)
{
	struct pin *pin = &seek->bucket->pins[slot];
	__u8 generation = pin_generation(PIN_LOAD(pin->state)) + 1;

	PIN_STORE(pin->state, PIN_STATE(0, 0, 0, generation, PIN_NONE));
	pin_order();
	pin->key = seek->key;
	pin_order();
	PIN_STORE(pin->state, fresh | PIN_STATE(0, 0, 0, generation, 0));
	pin_order();
	pin_lane_put(seek->bucket, slot, seek->tag);
}

/* How soon a pin gives way: ended ones, then those that never came to much, then the oldest. */
pin_inline __u32 pin_worthlessness(__u64 state, __u16 now, const volatile struct pin_settings *settings)
{
	__u32 age = pin_age(state, now);

	if (!pin_lives(state, now, settings))
		return age | 2 << 16;
	if (pin_phase(state) == PIN_ESTABLISHED || pin_phase(state) == PIN_DATAGRAMS)
		return age;
	return age | 1 << 16;
}

#define PIN_LINE_LANES(line) (0x80008000ULL << (line) * PIN_LINE_PINS % PIN_WORD_LANES * PIN_LANE_BITS)

/* The first free slot: in the flow's home line, or from its home word on; PIN_WAYS: there is none. */
pin_inline __u32 pin_free_slot(const struct pin_seek *seek)
{
	__u32 home = pin_home(seek->tag);
	__u64 near = pin_match(seek->bucket->words[home], 0) & PIN_LINE_LANES(pin_line(seek->tag));

	if (near)
		return home * PIN_WORD_LANES + pin_lane(near);
	for (__u32 i = 0; i < PIN_WORDS; i++) {
		__u32 at = (pin_home(seek->tag) + i) % PIN_WORDS;
		__u64 match = pin_match(seek->bucket->words[at], 0);

		if (match && at * PIN_WORD_LANES + pin_lane(match) < PIN_WAYS)
			return at * PIN_WORD_LANES + pin_lane(match);
	}
	return PIN_WAYS;
}

/* Who gives way in a full bucket: one of the home word's, so that one or two lines are looked at. */
pin_inline __u32 pin_worst_slot(const struct pin_seek *seek, const volatile struct pin_settings *settings)
{
	__u32 first = pin_home(seek->tag) * PIN_WORD_LANES, worst = first, most = 0;

	for (__u32 i = 0; i < PIN_WORD_LANES; i++) {
		__u32 slot = first + i, value;

		pin_opaque(&slot);
		if (slot >= PIN_WAYS)
			break;
		value = pin_worthlessness(PIN_LOAD(seek->bucket->pins[slot].state), seek->now, settings);
		if (value > most) {
			most = value;
			worst = slot;
		}
	}
	return worst;
}

enum pin_rule {
	PIN_FIRST_WINS, /* of one ISN; where that is not known (0), of the flow. Another ISN replaces. */
	PIN_REPLACES,	/* who asks knows better */
};

/* What a flow is pinned to. */
struct pin_value {
	__u16 backend;
	__u32 isn; /* pin_isn_tag(), or 0: not known */
	__u8 phase;
};

enum pin_result {
	PIN_STORED, /* the flow is pinned to the backend, now or since before */
	PIN_KEPT,   /* it is another's, *ret_kept, and stays so */
	PIN_BUSY,   /* somebody writes in the bucket: nothing was done */
};

pin_inline bool pin_keeps(__u64 state, const struct pin_seek *seek, const struct pin_value *value,
			  enum pin_rule rule, const volatile struct pin_settings *settings)
{
	return rule == PIN_FIRST_WINS && pin_lives(state, seek->now, settings) &&
	       (!value->isn || value->isn == pin_isn(state));
}

/* Under the lock. */
pin_inline int pin_put_locked(const struct pin_seek *seek, const struct pin_value *value,
			      enum pin_rule rule, const volatile struct pin_settings *settings,
			      __u16 *ret_kept)
{
	__u64 fresh = PIN_STATE(value->backend, seek->now, value->isn, 0, value->phase);
	__u64 state;
	__u32 slot = pin_search(seek, &state);
	struct pin *pin;

	if (slot >= PIN_WAYS) {
		slot = pin_free_slot(seek);
		if (slot >= PIN_WAYS)
			slot = pin_worst_slot(seek, settings);
		if (slot < PIN_WAYS)
			pin_take(seek, slot, fresh);
		return PIN_STORED;
	}
	pin = &seek->bucket->pins[slot];
	if (!pin_keeps(state, seek, value, rule, settings)) {
		PIN_STORE(pin->state, fresh | PIN_STATE(0, 0, 0, pin_generation(state), 0));
		return PIN_STORED;
	}
	if (pin_backend(state) == value->backend) {
		pin_refresh(pin, state, pin_phase(state), seek->now);
		return PIN_STORED;
	}
	*ret_kept = pin_backend(state);
	return PIN_KEPT;
}

/* Pins the flow to a backend. Never fails for want of room. */
pin_inline int pin_put(const struct pin_seek *seek, const struct pin_value *value, enum pin_rule rule,
		       const volatile struct pin_settings *settings, enum pin_owner owner,
		       __u16 *ret_kept)
{
	int result;

	if (!pin_lock(seek->bucket, owner))
		return PIN_BUSY;
	result = pin_put_locked(seek, value, rule, settings, ret_kept);
	pin_unlock(seek->bucket);
	return result;
}

/* Under the lock: the slot is nobody's. */
pin_inline void pin_clear(const struct pin_seek *seek, __u32 slot)
{
	struct pin *pin = &seek->bucket->pins[slot];
	__u8 generation = pin_generation(PIN_LOAD(pin->state)) + 1;

	PIN_STORE(pin->state, PIN_STATE(0, 0, 0, generation, PIN_NONE));
	pin_order();
	pin_lane_put(seek->bucket, slot, 0);
}

/* Ends the flow's pin to this backend: it said that it does not hold the connection. */
pin_inline void pin_drop(const struct pin_seek *seek, __u16 backend, enum pin_owner owner)
{
	__u64 state;
	__u32 slot;

	if (!pin_lock(seek->bucket, owner))
		return;
	slot = pin_search(seek, &state);
	if (slot < PIN_WAYS && pin_backend(state) == backend)
		pin_clear(seek, slot);
	pin_unlock(seek->bucket);
}

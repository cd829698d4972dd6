/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/pin_table.h"

#include <errno.h>
#include <stdlib.h>

#define LOCK_ROUNDS 1000 /* of pin_put's own tries; a program's processor may be taken from it */

static uint32_t bucket_count(const struct pin_table *table)
{
	return 1U << table->settings.bucket_bits;
}

uint32_t pin_table_capacity(uint32_t bucket_bits)
{
	return PIN_WAYS << bucket_bits;
}

uint32_t pin_table_bits(uint32_t pins)
{
	uint32_t bits = PIN_BUCKET_BITS_MIN;

	while (bits < PIN_BUCKET_BITS_MAX && pin_table_capacity(bits) < pins)
		bits++;
	return bits;
}

static uint16_t ticks_at(const struct pin_table *table, uint64_t now_ns)
{
	return pin_ticks(now_ns + table->ahead_ns);
}

static struct pin_seek seek_at(const struct pin_table *table, const struct flow *flow,
			       uint32_t service, uint64_t hash, uint64_t now_ns)
{
	struct pin_seek seek = pin_seek_of(flow, service, hash, ticks_at(table, now_ns));
	uint32_t bucket = pin_bucket_of(hash, table->settings.bucket_bits);

	seek.bucket = &table->buckets[bucket];
	return seek;
}

int pin_table_put(const struct pin_table *table, const struct flow *flow, uint32_t service,
		  uint64_t hash, uint64_t now_ns, uint16_t backend)
{
	struct pin_seek seek = seek_at(table, flow, service, hash, now_ns);
	struct pin_value value = {.backend = backend, .phase = PIN_ESTABLISHED};
	uint16_t kept;

	for (int i = 0; i < LOCK_ROUNDS; i++)
		if (pin_put(&seek, &value, PIN_REPLACES, &table->settings, PIN_LOCKED_BY_DAEMON,
			    &kept) != PIN_BUSY)
			return 0;
	return -EAGAIN;
}

uint16_t pin_table_find(const struct pin_table *table, const struct flow *flow, uint32_t service,
			uint64_t hash, uint64_t now_ns)
{
	struct pin_seek seek = seek_at(table, flow, service, hash, now_ns);
	__u64 state;

	return pin_find(&seek, &table->settings, &state) ? pin_backend(state) : 0;
}

static uint16_t lane_at(const struct pin_bucket *bucket, uint32_t slot)
{
	return PIN_LOAD(bucket->words[slot / PIN_WORD_LANES]) >>
	       slot % PIN_WORD_LANES * PIN_LANE_BITS;
}

void pin_table_walk(const struct pin_table *table, uint64_t now_ns, pin_table_visit visit,
		    void *userdata)
{
	uint16_t now = ticks_at(table, now_ns);

	for (uint32_t i = 0; i < bucket_count(table); i++)
		for (uint32_t slot = 0; slot < PIN_WAYS; slot++) {
			struct pin pin;

			if (!lane_at(&table->buckets[i], slot))
				continue; /* without a look at the pin's own line */
			pin = table->buckets[i].pins[slot];
			pin.state = pin_read(&table->buckets[i].pins[slot], &pin.key);
			if (pin.state && pin_lives(pin.state, now, &table->settings))
				visit(&pin, pin.key.service_hash >> PIN_HASH_BITS,
				      pin_backend(pin.state), userdata);
		}
}

/* An open-addressed table, by service and backend. What it has no place for is in the sum alone. */
#define COUNT_BITS 16
#define COUNT_PROBES 64

struct pin_count {
	uint32_t of; /* service << 16 | backend; a backend is never 0 */
	uint32_t pins;
};

struct pin_counts {
	uint32_t all;
	struct pin_count places[1 << COUNT_BITS];
};

static struct pin_count *count_place(struct pin_counts *counts, uint32_t of)
{
	uint32_t first = of * 0x9e3779b1U >> (32 - COUNT_BITS);

	for (uint32_t i = 0; i < COUNT_PROBES; i++) {
		struct pin_count *place = &counts->places[(first + i) % (1 << COUNT_BITS)];

		if (place->of == of || !place->of)
			return place;
	}
	return NULL;
}

static void count_pin(const struct pin *pin, uint32_t service, uint16_t backend, void *userdata)
{
	struct pin_counts *counts = userdata;
	struct pin_count *place = count_place(counts, service << 16 | backend);

	counts->all++;
	if (!place)
		return;
	place->of = service << 16 | backend;
	place->pins++;
}

int pin_counts_new(const struct pin_table *table, uint64_t now_ns, struct pin_counts **ret)
{
	struct pin_counts *counts = calloc(1, sizeof(*counts));

	if (!counts)
		return -ENOMEM;
	pin_table_walk(table, now_ns, count_pin, counts);
	*ret = counts;
	return 0;
}

struct pin_counts *pin_counts_free(struct pin_counts *counts)
{
	free(counts);
	return NULL;
}

uint32_t pin_counts_all(const struct pin_counts *counts)
{
	return counts->all;
}

uint32_t pin_counts_of(const struct pin_counts *counts, uint32_t service, uint16_t backend)
{
	const struct pin_count *place =
		count_place((struct pin_counts *)counts, service << 16 | backend);

	return place ? place->pins : 0;
}

/* The flow hash's upper half, mixed: as much of it as a bucket's number and a pin tell. */
static uint32_t hash_half(const struct pin_table *table, uint32_t bucket, const union pin_key *key)
{
	uint32_t top = bucket >> (table->settings.bucket_bits - PIN_BUCKET_BITS_MIN);

	return top << PIN_HASH_BITS | (key->service_hash & ((1U << PIN_HASH_BITS) - 1));
}

_Static_assert(PIN_BUCKET_BITS_MIN + PIN_HASH_BITS == 32, "they tell all of it");

static bool copy_pin(const struct pin_table *from, const struct pin_table *to, uint32_t bucket,
		     uint32_t slot)
{
	struct pin *pin = &from->buckets[bucket].pins[slot];
	union pin_key key = pin->key;
	__u64 state = pin_read(pin, &key), found;
	uint16_t tag = lane_at(&from->buckets[bucket], slot), kept;
	uint32_t place = hash_half(from, bucket, &key) >> (32 - to->settings.bucket_bits);
	struct pin_seek seek = {.bucket = &to->buckets[place],
				.key = key,
				.now = pin_time(state),
				.tag = tag};
	struct pin_value value = {
		.backend = pin_backend(state), .isn = pin_isn(state), .phase = pin_phase(state)};

	if (!state || tag < PIN_TAG_MIN || pin_search(&seek, &found) < PIN_WAYS)
		return false;
	return pin_put(&seek, &value, PIN_FIRST_WINS, &to->settings, PIN_LOCKED_BY_DAEMON, &kept) ==
	       PIN_STORED;
}

size_t pin_table_copy(const struct pin_table *from, const struct pin_table *to)
{
	size_t copied = 0;

	for (uint32_t bucket = 0; bucket < bucket_count(from); bucket++)
		for (uint32_t slot = 0; slot < PIN_WAYS; slot++)
			copied += copy_pin(from, to, bucket, slot);
	return copied;
}

/* A look at the states first: buckets without anything to end are not locked. */
static bool has_ended(const struct pin_bucket *bucket, uint32_t slot, uint16_t now,
		      const struct pin_settings *settings)
{
	uint64_t state = PIN_LOAD(bucket->pins[slot].state);

	return pin_phase(state) && !pin_lives(state, now, settings);
}

static size_t sweep_bucket(const struct pin_table *table, uint32_t bucket, uint16_t now)
{
	struct pin_seek seek = {.bucket = &table->buckets[bucket]};
	uint32_t slot = 0;
	size_t ended = 0;

	while (slot < PIN_WAYS && !has_ended(seek.bucket, slot, now, &table->settings))
		slot++;
	if (slot == PIN_WAYS || !pin_lock(seek.bucket, PIN_LOCKED_BY_DAEMON))
		return 0;
	for (; slot < PIN_WAYS; slot++)
		if (has_ended(seek.bucket, slot, now, &table->settings)) {
			pin_clear(&seek, slot);
			ended++;
		}
	pin_unlock(seek.bucket);
	return ended;
}

size_t pin_table_sweep(const struct pin_table *table, uint32_t first, uint32_t n, uint64_t now_ns)
{
	size_t ended = 0;

	for (uint32_t i = 0; i < n; i++)
		ended += sweep_bucket(table, (first + i) % bucket_count(table),
				      ticks_at(table, now_ns));
	return ended;
}

/* A tag whose pin has no phase, and a pin whose tag was not written, are both to be cleared. */
static void recover_bucket(const struct pin_table *table, uint32_t bucket)
{
	struct pin_seek seek = {.bucket = &table->buckets[bucket]};

	for (uint32_t slot = 0; slot < PIN_WAYS; slot++) {
		if (!lane_at(seek.bucket, slot) != !pin_phase(PIN_LOAD(seek.bucket->pins[slot].state)))
			pin_clear(&seek, slot);
	}
	pin_unlock(seek.bucket);
}

size_t pin_table_recover(const struct pin_table *table)
{
	size_t locks = 0;

	for (uint32_t i = 0; i < bucket_count(table); i++) {
		uint64_t last = PIN_LOAD(table->buckets[i].words[PIN_WORDS - 1]);

		if (last >> PIN_LOCK_SHIFT != PIN_LOCKED_BY_DAEMON)
			continue;
		recover_bucket(table, i);
		locks++;
	}
	return locks;
}

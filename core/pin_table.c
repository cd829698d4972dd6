/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/pin_table.h"

#include <errno.h>

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

static struct pin_seek seek_at(const struct pin_table *table, const struct flow *flow,
			       uint32_t service, uint64_t hash, uint64_t now_ns)
{
	struct pin_seek seek = pin_seek_of(flow, service, hash, pin_ticks(now_ns));
	uint32_t bucket = pin_bucket_of(hash, table->settings.bucket_bits);

	seek.bucket = &table->buckets[bucket];
	seek.set = &table->sets[bucket];
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

void pin_table_walk(const struct pin_table *table, uint64_t now_ns, pin_table_visit visit,
		    void *userdata)
{
	uint16_t now = pin_ticks(now_ns);

	for (uint32_t i = 0; i < bucket_count(table); i++)
		for (uint32_t slot = 0; slot < PIN_WAYS; slot++) {
			struct pin pin = table->sets[i].pins[slot];

			pin.state = pin_read(&table->sets[i].pins[slot], &pin.key);
			if (pin.state && pin_lives(pin.state, now, &table->settings))
				visit(&pin, pin.key.service_hash >> PIN_HASH_BITS,
				      pin_backend(pin.state), userdata);
		}
}

/* A look at the states first: buckets without anything to end are not locked. */
static bool has_ended(const struct pin_set *set, uint32_t slot, uint16_t now,
		      const struct pin_settings *settings)
{
	uint64_t state = PIN_LOAD(set->pins[slot].state);

	return pin_phase(state) && !pin_lives(state, now, settings);
}

static size_t sweep_bucket(const struct pin_table *table, uint32_t bucket, uint16_t now)
{
	struct pin_seek seek = {.bucket = &table->buckets[bucket], .set = &table->sets[bucket]};
	uint32_t slot = 0;
	size_t ended = 0;

	while (slot < PIN_WAYS && !has_ended(seek.set, slot, now, &table->settings))
		slot++;
	if (slot == PIN_WAYS || !pin_lock(seek.bucket, PIN_LOCKED_BY_DAEMON))
		return 0;
	for (; slot < PIN_WAYS; slot++)
		if (has_ended(seek.set, slot, now, &table->settings)) {
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
		ended += sweep_bucket(table, (first + i) % bucket_count(table), pin_ticks(now_ns));
	return ended;
}

/* A tag whose pin has no phase, and a pin whose tag was not written, are both to be cleared. */
static void recover_bucket(const struct pin_table *table, uint32_t bucket)
{
	struct pin_seek seek = {.bucket = &table->buckets[bucket], .set = &table->sets[bucket]};

	for (uint32_t slot = 0; slot < PIN_WAYS; slot++) {
		uint64_t tag = seek.bucket->words[slot / PIN_WORD_LANES] >>
				       slot % PIN_WORD_LANES * PIN_LANE_BITS & 0xffff;

		if (!tag != !pin_phase(PIN_LOAD(seek.set->pins[slot].state)))
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

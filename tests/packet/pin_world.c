/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <time.h>

#include "tests/packet/pin_world.h"

__u16 pin_at(int ms)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return pin_ticks(now.tv_sec * 1000000000LL + now.tv_nsec + gateway_pins()->ahead_ns + ms * 1000000LL);
}

__u16 pin_now(void)
{
	return pin_at(0);
}

static struct pin_seek seek(struct pin_flow wanted, __u16 now)
{
	const struct pin_table *table = gateway_pins();
	struct flow flow = flow_of(wanted.v, wanted.protocol, wanted.port);
	__u64 hash = hash_of(&flow);
	__u32 bucket = pin_bucket_of(hash, table->settings.bucket_bits);
	struct pin_seek made = pin_seek_of(&flow, wanted.service, hash, now);

	made.bucket = &table->buckets[bucket];
	return made;
}

__u64 pin_mix_of(struct pin_flow wanted)
{
	struct flow flow = flow_of(wanted.v, wanted.protocol, wanted.port);

	return pin_mix(hash_of(&flow));
}

void given_pin(struct pin_flow flow, int backend, __u32 isn_tag, enum pin_phase phase, int ticks)
{
	struct pin_value value = {.backend = backend, .isn = isn_tag, .phase = phase};
	struct pin_seek at = seek(flow, pin_now() - ticks);
	__u16 kept;

	assert_int_equal(pin_put(&at, &value, PIN_REPLACES, &gateway_pins()->settings,
				 PIN_LOCKED_BY_DAEMON, &kept),
			 PIN_STORED);
}

__u64 pin_of(struct pin_flow flow)
{
	struct pin_seek at = seek(flow, pin_now());
	__u64 state = 0;

	return pin_search(&at, &state) < PIN_WAYS ? state : 0;
}

int pinned_to(struct pin_flow flow)
{
	return pin_backend(pin_of(flow));
}

void given_busy_bucket(struct pin_flow flow)
{
	struct pin_seek at = seek(flow, 0);

	assert_true(pin_lock(at.bucket, PIN_LOCKED_BY_DAEMON));
}

void given_idle_bucket(struct pin_flow flow)
{
	struct pin_seek at = seek(flow, 0);

	pin_unlock(at.bucket);
}

void given_full_bucket(struct pin_flow flow)
{
	struct pin_value value = {.backend = 1, .phase = PIN_ESTABLISHED};
	struct pin_seek at = seek(flow, pin_now());
	__u16 kept;

	for (int i = 0; i < PIN_WAYS; i++) {
		at.key.client_port = i;
		at.tag = 1000 + PIN_WORDS * i;
		assert_int_equal(pin_put(&at, &value, PIN_REPLACES, &gateway_pins()->settings,
					 PIN_LOCKED_BY_DAEMON, &kept),
				 PIN_STORED);
	}
	assert_int_equal(pins_in_bucket(flow), PIN_WAYS);
}

int pins_in_bucket(struct pin_flow flow)
{
	struct pin_seek at = seek(flow, 0);
	int count = 0;

	for (int i = 0; i < PIN_WAYS; i++)
		count += pin_phase(at.bucket->pins[i].state) != PIN_NONE;
	return count;
}

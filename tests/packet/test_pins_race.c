/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pin table under everybody's hands: packets on two CPUs and the daemon's own memory, all in the one
 * bucket that the table has here, with more flows than it holds, so that pins change hands all the time.
 * A flow's backend is a function of the flow, so a pin that was seen half written shows: it leads to
 * another one.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "tests/packet/pin_world.h"

#define FLOWS 97
#define ROWS 251
#define ROUND_MS 1500
#define BROKEN_ROUND_MS 20000 /* at most; a moment is enough */

static struct frame frames[FLOWS];
static struct pin_seek seeks[FLOWS];
static uint16_t backends[FLOWS]; /* where each belongs */
static atomic_ulong torn, done;
static atomic_bool stop;

static int one_of_four(int row)
{
	return row % 4 + 1;
}

/* The last byte of the locator in the outer destination. */
static uint16_t backend_of_packet(const uint8_t *packet)
{
	return packet[14 + 24 + 7] - 0xb0;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

static void prepare(void)
{
	const struct pin_table *table = gateway_pins();

	given_rows(PLAIN, ROWS, one_of_four);
	for (int i = 0; i < FLOWS; i++) {
		struct flow flow = flow_of(V4, IPPROTO_TCP, 443);
		uint64_t hash;

		flow.client_port = htons(2000 + i);
		hash = hash_of(&flow);
		frames[i] = FRAME(FROM_FABRIC, FROM_CLIENT(V4),
				  SEGMENT(.to_port = 443, .from_port = 2000 + i));
		backends[i] = one_of_four(hash_row(hash, ROWS));
		seeks[i] = pin_seek_of(&flow, PLAIN, hash, pin_now());
		seeks[i].bucket = table->buckets;
	}
	torn = done = 0;
	stop = false;
}

struct worker {
	pthread_t thread;
	int cpu;
	void (*work)(int flow, unsigned long turn);
	unsigned int seed;
};

static void *work(void *argument)
{
	struct worker *worker = argument;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(worker->cpu, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus); /* with one CPU: in turns */
	for (unsigned long turn = 0; !stop; turn++) {
		worker->work(rand_r(&worker->seed) % FLOWS, turn);
		done++;
	}
	return NULL;
}

/* A packet: it finds the flow's pin, or pins the flow. */
static void send_packet(int flow, unsigned long turn)
{
	uint8_t out[FRAME_MAX + 256];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frames[flow].bytes,
		    .data_size_in = frames[flow].size, .data_out = out,
		    .data_size_out = sizeof(out), .repeat = 1);

	if (bpf_prog_test_run_opts(gateway_program(), &options) || options.retval != XDP_TX ||
	    backend_of_packet(out) != backends[flow])
		torn++;
}

/* What the daemon does: it looks, and it pins. */
static void read_and_write(int flow, unsigned long turn)
{
	const struct pin_seek *seek = &seeks[flow];
	struct pin_value value = {.backend = backends[flow], .phase = PIN_ESTABLISHED};
	__u64 state;
	__u16 kept;

	if (pin_search(seek, &state) < PIN_WAYS && pin_backend(state) != backends[flow])
		torn++;
	if (turn % 4 == 0)
		pin_put(seek, &value, turn % 8 ? PIN_FIRST_WINS : PIN_REPLACES,
			&gateway_pins()->settings, PIN_LOCKED_BY_DAEMON, &kept);
	if (turn % 64 == 0)
		pin_drop(seek, backends[flow], PIN_LOCKED_BY_DAEMON);
}

#define HANDS 1000

#define GENERATIONS 256

static volatile unsigned long passed; /* how often the place has changed hands, or is about to */

/* One place passes between the first two flows without a pause; with write_one alone at it. */
static void write_one(int flow, unsigned long turn)
{
	for (int i = 0; i < HANDS; i++) {
		passed = passed + 1;
		pin_take(&seeks[i % 2], 0, PIN_STATE(i % 2 + 1, 1, 0, 0, PIN_ESTABLISHED));
	}
}

static void read_one(int flow, unsigned long turn)
{
	for (int i = 0; i < HANDS; i++) {
		unsigned long before = passed;
		__u64 state = pin_read(&seeks[1].bucket->pins[0], &seeks[1].key);

		/* Who is put to sleep while all generations pass sees the same state again (wire/pins.h). */
		if (state && pin_backend(state) != 2 && passed - before < GENERATIONS - 1)
			torn++;
	}
}

/* What nobody may do: the pin's state does not say that its key is being written. */
static void write_openly(int flow, unsigned long turn)
{
	const struct pin_seek *seek = &seeks[flow];
	struct pin *pin = &seek->bucket->pins[turn % PIN_WAYS];

	if (!pin_lock(seek->bucket, PIN_LOCKED_BY_DAEMON))
		return;
	pin_lane_put(seek->bucket, turn % PIN_WAYS, seek->tag);
	pin->key = seek->key;
	pin_order();
	for (volatile int i = 0; i < 20; i++)
		;
	PIN_STORE(pin->state, PIN_STATE(backends[flow], seek->now, 0, 0, PIN_ESTABLISHED));
	pin_unlock(seek->bucket);
}

/* Both at once, until the time is over, or something was torn. */
static void race(void (*first)(int, unsigned long), void (*second)(int, unsigned long), int most_ms)
{
	struct worker workers[] = {{.cpu = 0, .work = first, .seed = 1},
				   {.cpu = 1, .work = second, .seed = 2}};
	uint64_t end = now_ms() + most_ms;

	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	while (now_ms() < end && !torn)
		sched_yield();
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(workers[i].thread, NULL);
	stop = false;
}

/* At rest: no lock, a tag where there is a pin, and no flow has two. */
static void assert_whole(void)
{
	const struct pin_table *table = gateway_pins();
	const struct pin_bucket *set = table->buckets;

	assert_int_equal(table->buckets->words[PIN_WORDS - 1] >> PIN_LOCK_SHIFT, PIN_UNLOCKED);
	for (uint32_t i = 0; i < PIN_WAYS; i++) {
		uint64_t lane = table->buckets->words[i / PIN_WORD_LANES] >>
					i % PIN_WORD_LANES * PIN_LANE_BITS & 0xffff;

		assert_int_equal(lane != 0, pin_phase(set->pins[i].state) != PIN_NONE);
		for (uint32_t j = 0; lane && j < i; j++)
			if (pin_phase(set->pins[j].state))
				assert_false(pin_key_equal(&set->pins[i].key, &set->pins[j].key));
	}
}

static void race_is_clean(void (*first)(int, unsigned long), void (*second)(int, unsigned long))
{
	prepare();
	race(first, second, ROUND_MS);
	assert_int_equal(torn, 0);
	assert_true(done > 1000);
	assert_whole();
}

static void packets_on_two_cpus_never_see_half_a_pin(void **state)
{
	race_is_clean(send_packet, send_packet);
}

static void a_packet_and_the_daemon_never_see_half_of_each_others_pins(void **state)
{
	race_is_clean(send_packet, read_and_write);
}

static void two_who_share_the_memory_never_see_half_a_pin(void **state)
{
	race_is_clean(read_and_write, read_and_write);
}

/* Without the second look at the state, or with a key that is written before the first store, this one
 * sees thousands. */
static void a_pin_that_changes_hands_all_the_time_is_never_seen_as_half(void **state)
{
	prepare();
	race(read_one, write_one, ROUND_MS);
	assert_int_equal(torn, 0);
	assert_true(done > 100);
}

/* So that the tests above are known to see it. */
static void half_a_pin_is_seen_when_it_is_written_openly(void **state)
{
	prepare();
	race(read_and_write, write_openly, BROKEN_ROUND_MS);
	assert_true(torn > 0);
	prepare();
	race(send_packet, write_openly, BROKEN_ROUND_MS);
	assert_true(torn > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONCE(packets_on_two_cpus_never_see_half_a_pin),
		ONCE(a_packet_and_the_daemon_never_see_half_of_each_others_pins),
		ONCE(two_who_share_the_memory_never_see_half_a_pin),
		ONCE(a_pin_that_changes_hands_all_the_time_is_never_seen_as_half),
		ONCE(half_a_pin_is_seen_when_it_is_written_openly),
	};

	gateway_one_bucket();
	return gateway_tests(tests, sizeof(tests) / sizeof(tests[0]));
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two nodes that are one host: a gateway at ::1, and an agent at the same address. */
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "io/datagrams.h"
#include "io/heartbeats.h"

#define PATIENCE_US 200000

static const struct siphash_key ours = {{1, 2}}, theirs = {{1, 3}};
static const union address here = {.bytes = {[15] = 1}};
static const struct prefix loopback = {.base = {.bytes = {[15] = 1}},
				       .mask = {.words = {~0U, ~0U, ~0U, ~0U}}};
static const struct prefix elsewhere = {.base = {.bytes = {0x20, 1, 0xd, 0xb8}},
					.mask = {.words = {~0U, ~0U, ~0U, ~0U}}};

static sd_event *event;
static struct heartbeats *gateway, *agent;
static struct heartbeat heard;
static size_t heard_size;
static int count;

static void on_heard(const struct heartbeat *message, size_t size, void *userdata)
{
	memcpy(&heard, message, size);
	heard_size = size;
	count++;
}

static int begin(void **state)
{
	count = 0;
	return sd_event_new(&event) < 0 || heartbeats_new(event, on_heard, NULL, &gateway) < 0 ||
	       heartbeats_new(event, NULL, NULL, &agent) < 0 ||
	       heartbeats_bind(gateway, &loopback, &here, &ours) < 0 ||
	       heartbeats_bind(agent, &loopback, NULL, &ours) < 0;
}

static int end(void **state)
{
	gateway = heartbeats_free(gateway);
	agent = heartbeats_free(agent);
	event = sd_event_unref(event);
	return 0;
}

static uint64_t refused(void)
{
	return heartbeats_forged(gateway) + heartbeats_outside(gateway);
}

/* Until something came to the gateway, or nothing does. */
static void listen_for_it(void)
{
	for (int i = 0; i < 10 && !count && !refused(); i++)
		sd_event_run(event, PATIENCE_US / 10);
}

static struct heartbeat message_of(uint8_t entries)
{
	struct heartbeat message = {.count = entries, .backend = htobe16(7), .sequence = htobe64(9)};

	for (uint8_t i = 0; i < entries; i++)
		message.entries[i].connections = htobe32(100 + i);
	return message;
}

static void a_heartbeat_is_heard_as_it_was_sent(void **state)
{
	struct heartbeat message = message_of(HEARTBEAT_ENTRIES_MAX);

	assert_int_equal(heartbeats_send(agent, &here, &message), 0);
	listen_for_it();
	assert_int_equal(count, 1);
	assert_int_equal(heard_size, sizeof(message));
	assert_int_equal(be16toh(heard.backend), 7);
	assert_int_equal(be32toh(heard.entries[HEARTBEAT_ENTRIES_MAX - 1].connections),
			 100 + HEARTBEAT_ENTRIES_MAX - 1);
	assert_int_equal(refused(), 0);
}

static void without_the_key_nobody_is_heard(void **state)
{
	struct heartbeat message = message_of(1);

	assert_int_equal(heartbeats_bind(agent, &loopback, NULL, &theirs), 0);
	assert_int_equal(heartbeats_send(agent, &here, &message), 0);
	listen_for_it();
	assert_int_equal(count, 0);
	assert_int_equal(heartbeats_forged(gateway), 1);
}

static void nobody_is_heard_from_outside_the_infrastructure(void **state)
{
	struct heartbeat message = message_of(1);

	assert_int_equal(heartbeats_bind(gateway, &elsewhere, &here, &ours), 0);
	assert_int_equal(heartbeats_send(agent, &here, &message), 0);
	listen_for_it();
	assert_int_equal(count, 0);
	assert_int_equal(heartbeats_outside(gateway), 1);
}

/* What a tag is over is all that is said: each bit, and to whom. */
static void a_changed_bit_or_another_gateway_makes_another_tag(void **state)
{
	struct heartbeat_sealed sealed = {.source = here, .destination = here, .message = message_of(2)};
	size_t size = HEARTBEAT_BYTES(2), words = offsetof(struct heartbeat_sealed, message) + size;
	uint64_t tag = heartbeat_tag(&sealed, size, &ours);
	unsigned char *bytes = (unsigned char *)&sealed;

	for (size_t bit = 0; bit < words * 8; bit++) {
		size_t in_tag = offsetof(struct heartbeat_sealed, message.tag);
		bool same = bit / 8 >= in_tag && bit / 8 < in_tag + sizeof(uint64_t);

		bytes[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(heartbeat_tag(&sealed, size, &ours) == tag, same);
		bytes[bit / 8] ^= 1 << bit % 8;
	}
	assert_true(heartbeat_tag(&sealed, HEARTBEAT_BYTES(1), &ours) != tag);
}

/* Of every length, from a sender that has the address but not the key. */
static void what_is_no_heartbeat_is_refused_whatever_its_length(void **state)
{
	static const struct heartbeat zeros = {.magic = HEARTBEAT_MAGIC};
	struct datagrams *other;

	assert_int_equal(datagrams_new(event, HEARTBEAT_PROTOCOL, (datagrams_fn)abort, NULL, &other), 0);
	assert_int_equal(datagrams_bind_at(other, &here), 0);
	for (size_t size = 0; size <= sizeof(zeros); size += 13)
		assert_int_equal(datagrams_send(other, &here, &zeros, size), 0);
	datagrams_free(other);
	heartbeats_take(gateway);
	assert_int_equal(count, 0);
	assert_int_equal(heartbeats_forged(gateway), sizeof(zeros) / 13 + 1);
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

/* As many as a thousand backends of eight services each send in a second. */
static void ten_thousand_are_taken(void **state)
{
	struct heartbeat message = message_of(8);
	double sending = 0, taking = 0;

	for (int i = 0; i < 100; i++) {
		double begun = now_ms(), sent;

		for (int j = 0; j < 100; j++)
			assert_int_equal(heartbeats_send(agent, &here, &message), 0);
		sent = now_ms();
		heartbeats_take(gateway);
		sending += sent - begun;
		taking += now_ms() - sent;
		heartbeats_take(agent); /* it has the same address */
	}
	assert_int_equal(count, 10000);
	printf("# 10000 heartbeats of eight services: sent in %.0f ms, taken in %.0f ms\n", sending,
	       taking);
}

static void nothing_is_sent_without_an_address_in_the_infrastructure(void **state)
{
	struct heartbeat message = message_of(0);

	assert_int_equal(heartbeats_bind(agent, &elsewhere, NULL, &ours), -EADDRNOTAVAIL);
	assert_int_equal(heartbeats_send(agent, &here, &message), -ENOTCONN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_heartbeat_is_heard_as_it_was_sent),
		TEST(without_the_key_nobody_is_heard),
		TEST(nobody_is_heard_from_outside_the_infrastructure),
		TEST(a_changed_bit_or_another_gateway_makes_another_tag),
		TEST(what_is_no_heartbeat_is_refused_whatever_its_length),
		TEST(ten_thousand_are_taken),
		TEST(nothing_is_sent_without_an_address_in_the_infrastructure),
	};

	if (geteuid() != 0) {
		printf("1..0 # SKIP raw sockets need root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

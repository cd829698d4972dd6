/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The connection's clock, with a client that does what RFC 7323 says: it holds the newest TSval
 * against what comes (PAWS), and echoes it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/clock.h"

#define MARK 0x9abc

struct connection {
	struct connection_clock clock;
	uint32_t kernel; /* the server's */
	uint32_t recent; /* of the client: ts_recent */
};

/* RFC 7323, 5.3: drop what is before TS.Recent. */
static bool client_takes(struct connection *connection, uint32_t tsval)
{
	if ((int32_t)(tsval - connection->recent) < 0)
		return false;
	connection->recent = tsval;
	return true;
}

static uint32_t wire_of(uint32_t clock)
{
	return clock << 16 | MARK;
}

static struct connection connection_at(uint32_t kernel, uint32_t lag)
{
	struct connection connection = {.kernel = kernel, .recent = wire_of(kernel - lag)};

	clock_born(&connection.clock, lag, kernel);
	return connection;
}

/* What the server sends now arrives, or not. */
static void send(struct connection *connection, bool arrives)
{
	uint32_t sent = connection->clock.sent;
	uint32_t clock = clock_stamp(&connection->clock, connection->kernel);

	assert_true((int32_t)(clock - sent) >= 0);
	if (arrives)
		assert_true(client_takes(connection, wire_of(clock)));
}

/* The client's echo; the kernel's value that comes of it. */
static uint32_t echo(struct connection *connection)
{
	uint32_t restored = clock_restore(&connection->clock, connection->recent >> 16);

	assert_true((int32_t)(restored - connection->kernel) <= 0);
	return restored;
}

static const uint32_t silences_ms[] = {1,     1000,   16384,   16385,	 32767,	  32768,     32769, 40000,
				       65535, 65536, 70000, 131072, 300000, 86400000, 2000000000};

#define SILENCES (sizeof(silences_ms) / sizeof(silences_ms[0]))

/* Kernel clocks near the wraps of 16 and of 32 bits. */
static const uint32_t starts[] = {0, 1000, 0xffff, 0x7fffffff, 0xfffffff0, 0xffff8000};

#define STARTS (sizeof(starts) / sizeof(starts[0]))

static void a_segment_after_any_silence_passes_the_clients_check(void **state)
{
	for (size_t i = 0; i < STARTS; i++)
		for (size_t j = 0; j < SILENCES; j++) {
			struct connection connection = connection_at(starts[i], 0);

			for (int round = 0; round < 5; round++) {
				connection.kernel += silences_ms[j];
				send(&connection, true);
				assert_int_equal(echo(&connection), connection.kernel);
			}
		}
}

static void a_client_that_speaks_after_any_silence_is_restored_exactly(void **state)
{
	for (size_t i = 0; i < STARTS; i++)
		for (size_t j = 0; j < SILENCES; j++) {
			struct connection connection = connection_at(starts[i], 0);
			uint32_t spoke = starts[i] + 20;

			connection.kernel = spoke;
			send(&connection, true);
			connection.kernel += silences_ms[j];
			assert_int_equal(echo(&connection), spoke);
			send(&connection, true);
			assert_int_equal(echo(&connection), connection.kernel);
		}
}

/* Each with a timeout twice the last one's, 200 ms to two minutes, and none arrives. */
static void lost_retransmissions_do_not_add_up_past_the_wrap(void **state)
{
	struct connection connection = connection_at(5000, 0);
	uint32_t last = 0;

	for (uint32_t timeout = 200; timeout < 120000; timeout *= 2) {
		connection.kernel += timeout;
		send(&connection, false);
		last = connection.kernel;
	}
	connection.kernel += 120000;
	send(&connection, true);
	assert_true((int32_t)(echo(&connection) - last) > 0);
}

static void an_echo_of_before_the_clock_was_held_is_restored_exactly(void **state)
{
	struct connection connection = connection_at(5000, 0);
	uint32_t early;

	connection.kernel += 300;
	send(&connection, true);
	early = connection.kernel;
	connection.kernel += 50000; /* retransmitted, and lost */
	send(&connection, false);
	connection.kernel += 10;
	assert_int_equal(echo(&connection), early);
}

/* Many of the kernel's values go out as one clock: none is restored to an earlier one than its own. */
static void an_echo_of_a_held_clock_is_never_below_the_true_value(void **state)
{
	struct connection connection = connection_at(5000, 0);

	connection.kernel += 40000;
	for (int i = 0; i < 50; i++) {
		uint32_t truth;

		connection.kernel += 100;
		send(&connection, i % 7 == 0);
		truth = connection.kernel;
		if (i % 7 == 0)
			assert_true((int32_t)(echo(&connection) - truth) >= 0);
	}
}

static void an_unsteady_conversation_is_restored_exactly_or_above(void **state)
{
	struct connection connection = connection_at(0xfffff000, 0);
	uint32_t random = 1, arrived = connection.kernel;

	for (int i = 0; i < 200000; i++) {
		random = random * 1664525 + 1013904223;
		connection.kernel += random >> 20 & (random >> 16 & 1 ? 0xf : 0xfff);
		if (random >> 13 & 7) {
			bool arrives = random >> 10 & 7;

			send(&connection, arrives);
			arrived = arrives ? connection.kernel : arrived;
		} else {
			assert_true((int32_t)(echo(&connection) - arrived) >= 0);
		}
	}
}

static void two_cpus_never_send_a_clock_that_falls(void **state)
{
	struct connection connection = connection_at(5000, 0);

	connection.kernel += 40000;
	send(&connection, true);
	connection.kernel -= 3;
	send(&connection, true);
	connection.kernel += 3;
	assert_int_equal(echo(&connection), connection.kernel);
}

/* Where the kernel's own clock is not after it anyway: that needs no lag. */
static void a_clock_is_born_just_after_what_the_client_remembers(void **state)
{
	for (uint32_t past = 1; past < 70000; past += 501) {
		uint32_t kernel = 123456, remembered = wire_of(kernel + 40000 - past) | 0xffff;
		uint32_t lag = clock_birth_lag(kernel, remembered);
		uint32_t tsval = wire_of(kernel - lag);

		assert_true((int32_t)(tsval - remembered) > 0);
		assert_int_equal(tsval - remembered > 1 << 16 && lag, 0);
		assert_int_equal(clock_restore_handshake(lag, kernel + 700, tsval >> 16), kernel);
	}
	assert_int_equal(clock_birth_lag(123456, 0), 0);
}

/* Retransmitted SYNs and SYN-ACKs cross: what the client still takes is of one clock, which never falls. */
static void the_lag_of_a_syn_holds_as_long_as_the_client_takes_its_syn_acks(void **state)
{
	static const uint32_t ahead[] = {0, 20000, 40000, 65535}; /* of the kernel's clock: from 32768 on it is behind */

	for (size_t i = 0; i < STARTS * 4; i++)
		for (uint32_t later = 0; later < 65000; later += 499) {
			uint32_t kernel = starts[i / 4], remembered = wire_of(kernel + ahead[i % 4]);
			uint32_t lag = clock_birth_lag(kernel, remembered);
			struct connection client = {.recent = remembered};

			assert_int_equal(clock_birth_holds(lag, kernel + later, remembered),
					 client_takes(&client, wire_of(kernel + later - lag)));
			assert_true(later || clock_birth_holds(lag, kernel, remembered));
		}
}

/* Nobody answers for 70 s after the SYN-ACK (deferred accept): the bound is from what was echoed. */
static void a_handshake_that_takes_long_counts_from_its_syn_ack(void **state)
{
	struct connection connection = {.kernel = 5000, .recent = wire_of(5000)};
	uint32_t echoed;

	connection.kernel += 60000;
	echoed = clock_restore_handshake(0, connection.kernel, connection.recent >> 16);
	assert_int_equal(echoed, 5000);
	clock_born(&connection.clock, 0, echoed);
	send(&connection, true);
	assert_int_equal(echo(&connection), connection.kernel);
}

static void an_adopted_clock_goes_on_from_the_echo(void **state)
{
	struct connection connection = {.kernel = 777000, .recent = wire_of(43210)};

	clock_adopted(&connection.clock, connection.kernel, connection.recent >> 16);
	assert_int_equal(echo(&connection), connection.kernel);
	connection.kernel += 400000;
	send(&connection, true);
	assert_int_equal(echo(&connection), connection.kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_segment_after_any_silence_passes_the_clients_check),
		cmocka_unit_test(a_client_that_speaks_after_any_silence_is_restored_exactly),
		cmocka_unit_test(lost_retransmissions_do_not_add_up_past_the_wrap),
		cmocka_unit_test(an_echo_of_before_the_clock_was_held_is_restored_exactly),
		cmocka_unit_test(an_echo_of_a_held_clock_is_never_below_the_true_value),
		cmocka_unit_test(an_unsteady_conversation_is_restored_exactly_or_above),
		cmocka_unit_test(two_cpus_never_send_a_clock_that_falls),
		cmocka_unit_test(a_clock_is_born_just_after_what_the_client_remembers),
		cmocka_unit_test(the_lag_of_a_syn_holds_as_long_as_the_client_takes_its_syn_acks),
		cmocka_unit_test(a_handshake_that_takes_long_counts_from_its_syn_ack),
		cmocka_unit_test(an_adopted_clock_goes_on_from_the_echo),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}

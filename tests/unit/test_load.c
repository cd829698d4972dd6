/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The load program's eyes: two ends of a channel over a socket pair, and every way in which a byte
 * can be wrong between them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/load/channel.h"
#include "lab/load/faults.h"

#define LENGTH 10000 /* bytes of stream in a message: several chunks */

struct ends {
	int fds[2];
	struct endpoint addresses[2];
	struct channel here, there;
};

static int set_up(void **state)
{
	static struct ends ends;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.fds), 0);
	assert_int_equal(endpoint_parse("192.0.2.10:40000", &ends.addresses[0]), 0);
	assert_int_equal(endpoint_parse("198.51.100.80:80", &ends.addresses[1]), 0);
	channel_init(&ends.here, ends.fds[0], &ends.addresses[0], &ends.addresses[1]);
	channel_init(&ends.there, ends.fds[1], &ends.addresses[1], &ends.addresses[0]);
	*state = &ends;
	return 0;
}

static int tear_down(void **state)
{
	struct ends *ends = *state;

	close(ends->fds[0]);
	close(ends->fds[1]);
	return 0;
}

static int send_message(struct channel *channel)
{
	return channel_send(channel, &(struct message){.length = htobe32(LENGTH), .name = "b1"});
}

/* All that was sent, as it came; and what the channel would have sent is ours to change. */
static size_t intercept(struct ends *ends, uint8_t bytes[static 2 * LENGTH])
{
	ssize_t n, all = 0;

	assert_int_equal(send_message(&ends->here), 0);
	while ((n = recv(ends->fds[1], bytes + all, 2 * LENGTH - all, 0)) > 0)
		all += n;
	assert_int_equal(all, sizeof(struct message) + LENGTH);
	return all;
}

static void pass_on(struct ends *ends, const uint8_t *bytes, size_t n)
{
	assert_int_equal(send(ends->fds[0], bytes, n, 0), n);
}

static void messages_arrive_in_both_directions(void **state)
{
	struct ends *ends = *state;
	struct message message;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(send_message(&ends->here), 0);
		assert_int_equal(channel_receive(&ends->there, &message), 1);
		assert_int_equal(be32toh(message.length), LENGTH);
		assert_string_equal(message.name, "b1");
		assert_int_equal(send_message(&ends->there), 0);
		assert_int_equal(channel_receive(&ends->here, &message), 1);
		assert_int_equal(channel_receive(&ends->here, &message), 0);
	}
	assert_int_equal(ends->here.in.bytes, 3 * (sizeof(message) + LENGTH));
}

static void a_message_may_come_byte_by_byte(void **state)
{
	struct ends *ends = *state;
	uint8_t bytes[2 * LENGTH];
	size_t n = intercept(ends, bytes);
	struct message message;

	for (size_t i = 0; i < n; i++) {
		pass_on(ends, &bytes[i], 1);
		assert_int_equal(channel_receive(&ends->there, &message), i + 1 == n);
	}
}

/* Every byte of the head, and one here and there of the stream. */
static void each_flipped_bit_is_found(void **state)
{
	for (size_t at = 0; at < sizeof(struct message) + LENGTH; at += at < 48 ? 1 : 997) {
		struct ends *ends = *state;
		uint8_t bytes[2 * LENGTH];
		struct message message;
		size_t n;

		tear_down(state);
		set_up(state);
		n = intercept(ends, bytes);
		bytes[at] ^= 1 << at % 8;
		pass_on(ends, bytes, n);
		assert_int_equal(channel_receive(&ends->there, &message), -EBADMSG);
	}
}

static void a_lost_byte_is_found(void **state)
{
	struct ends *ends = *state;
	uint8_t bytes[2 * LENGTH];
	size_t n = intercept(ends, bytes);
	struct message message;

	pass_on(ends, bytes, LENGTH / 2);
	pass_on(ends, bytes + LENGTH / 2 + 1, n - LENGTH / 2 - 1);
	assert_int_equal(channel_receive(&ends->there, &message), -EBADMSG);
}

static void a_message_that_comes_twice_is_found(void **state)
{
	struct ends *ends = *state;
	uint8_t bytes[2 * LENGTH];
	size_t n = intercept(ends, bytes);
	struct message message;

	pass_on(ends, bytes, n);
	assert_int_equal(channel_receive(&ends->there, &message), 1);
	pass_on(ends, bytes, n);
	assert_int_equal(channel_receive(&ends->there, &message), -EBADMSG);
}

static void a_message_of_another_connection_is_found(void **state)
{
	struct ends *ends = *state;
	uint8_t bytes[2 * LENGTH];
	size_t n;
	struct message message;

	ends->addresses[0].port ^= htobe16(1);
	channel_init(&ends->here, ends->fds[0], &ends->addresses[0], &ends->addresses[1]);
	n = intercept(ends, bytes);
	pass_on(ends, bytes, n);
	assert_int_equal(channel_receive(&ends->there, &message), -EBADMSG);
}

static void a_planted_wrong_byte_is_found_and_costs_one_message_only(void **state)
{
	struct ends *ends = *state;
	struct message message;

	ends->here.flip = true;
	assert_int_equal(send_message(&ends->here), 0);
	assert_int_equal(channel_receive(&ends->there, &message), -EBADMSG);
	assert_false(ends->here.flip);
}

static void an_end_in_the_middle_of_a_message_is_told_from_one_behind_it(void **state)
{
	struct ends *ends = *state;
	uint8_t bytes[2 * LENGTH];
	size_t n = intercept(ends, bytes);
	struct message message;

	pass_on(ends, bytes, n - 1);
	assert_int_equal(shutdown(ends->fds[0], SHUT_WR), 0);
	assert_int_equal(channel_receive(&ends->there, &message), -ENODATA);
	assert_int_not_equal(ends->there.in.done, 0);

	tear_down(state);
	set_up(state);
	assert_int_equal(send_message(&ends->here), 0);
	assert_int_equal(shutdown(ends->fds[0], SHUT_WR), 0);
	assert_int_equal(channel_receive(&ends->there, &message), 1);
	assert_int_equal(channel_receive(&ends->there, &message), -ENODATA);
	assert_int_equal(ends->there.in.done, 0);
}

static void one_message_is_under_way_at_a_time(void **state)
{
	struct ends *ends = *state;
	struct message large = {.length = htobe32(64 << 20)}, message;
	int r;

	assert_int_equal(channel_send(&ends->here, &large), -EAGAIN);
	assert_int_equal(channel_send(&ends->here, &large), -EBUSY);
	do {
		r = channel_receive(&ends->there, &message);
		channel_flush(&ends->here);
	} while (r == 0);
	assert_int_equal(r, 1);
	assert_int_equal(channel_flush(&ends->here), 0);
}

static void errors_of_a_socket_have_their_kinds(void **state)
{
	assert_int_equal(fault_of(-ECONNRESET), FAULT_RESET);
	assert_int_equal(fault_of(-EPIPE), FAULT_RESET);
	assert_int_equal(fault_of(-ENODATA), FAULT_CLOSED);
	assert_int_equal(fault_of(-ETIMEDOUT), FAULT_TIMEOUT);
	assert_int_equal(fault_of(-EHOSTUNREACH), FAULT_UNREACHABLE);
	assert_int_equal(fault_of(-ECONNREFUSED), FAULT_REFUSED);
	assert_int_equal(fault_of(-EBADMSG), FAULT_WRONG_BYTE);
	assert_int_equal(fault_of(-ENOBUFS), FAULT_SOCKET);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(messages_arrive_in_both_directions),
		TEST(a_message_may_come_byte_by_byte),
		TEST(each_flipped_bit_is_found),
		TEST(a_lost_byte_is_found),
		TEST(a_message_that_comes_twice_is_found),
		TEST(a_message_of_another_connection_is_found),
		TEST(a_planted_wrong_byte_is_found_and_costs_one_message_only),
		TEST(an_end_in_the_middle_of_a_message_is_told_from_one_behind_it),
		TEST(one_message_is_under_way_at_a_time),
		cmocka_unit_test(errors_of_a_socket_have_their_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The walk over the kernel's sockets, against this machine's kernel, in a network namespace of its own. */
#include "io/sockets.h"

#include "tests/unit/kernel_world.h"

#include <sys/socket.h>

#define MANY 700 /* more than one message of the kernel holds */

struct walk {
	sd_event *event;
	struct sockets *sockets;
	union address local; /* count those */
	uint32_t counted, others;
	int ended, result;
};

static void on_found(const union address *local, uint16_t port, const void *stored, size_t size,
		     void *userdata)
{
	struct walk *walk = userdata;

	if (address_equal(local, &walk->local) && port == 80)
		walk->counted++;
	else
		walk->others++;
}

static void on_ended(int result, uint64_t took_us, void *userdata)
{
	struct walk *walk = userdata;

	walk->result = result;
	walk->ended++;
}

/* Both ends of a loopback connection are this host's: the client's local address is another. */
static const char *const addresses[] = {"127.0.0.2", "127.0.0.3", "fd00::2"};

/* The kernel makes an address of IPv6 usable behind the back of who adds it: by a work of its own. */
static bool is_usable(const char *address)
{
	return run("timeout 5 sh -c 'until ip -6 route show table local | grep -q \"^local %s \"; do "
		   "sleep 0.01; done'",
		   address);
}

static int walk_set_up(void **state)
{
	static struct walk walk;

	if (unshare(CLONE_NEWNET) < 0 || !run("ip link set lo up") ||
	    !run("ip addr add fd00::2/128 dev lo nodad") || !run("ip addr add fd00::9/128 dev lo nodad"))
		return 0; /* the tests skip */
	assert_true(is_usable("fd00::2") && is_usable("fd00::9"));
	walk = (struct walk){};
	assert_int_equal(sd_event_new(&walk.event), 0);
	assert_true(sockets_new(walk.event, on_found, on_ended, &walk, &walk.sockets) >= 0);
	*state = &walk;
	return 0;
}

static int walk_tear_down(void **state)
{
	struct walk *walk = *state;

	if (walk) {
		sockets_free(walk->sockets);
		sd_event_unref(walk->event);
	}
	return 0;
}

static struct walk *walk_of(void **state)
{
	if (!*state)
		skip();
	return *state;
}

static struct sockaddr_in6 at(const char *text, uint16_t port)
{
	union address address = address_of(text);
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	memcpy(&at.sin6_addr, &address, sizeof(address));
	return at;
}

static struct sockaddr_in at_v4(const char *text, uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};

	assert_int_equal(inet_pton(AF_INET, text, &at.sin_addr), 1);
	return at;
}

/* A socket of IPv6 that takes both families, as many servers do, or one of IPv4. */
static int listener(bool v4)
{
	int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0), on = 1;
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
	struct sockaddr_in any_v4 = {.sin_family = AF_INET, .sin_port = htons(80)};

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(v4 ? bind(fd, (struct sockaddr *)&any_v4, sizeof(any_v4))
			    : bind(fd, (struct sockaddr *)&any, sizeof(any)),
			 0);
	assert_int_equal(listen(fd, 2 * MANY), 0);
	return fd;
}

/* Established, and accepted by nobody yet. From an address that is none of the service's. */
static int client(const char *to)
{
	bool v4 = !strchr(to, ':');
	int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in from_v4 = at_v4("127.0.0.9", 0);
	struct sockaddr_in6 from = at("fd00::9", 0);

	assert_true(fd >= 0);
	assert_int_equal(v4 ? bind(fd, (struct sockaddr *)&from_v4, sizeof(from_v4))
			    : bind(fd, (struct sockaddr *)&from, sizeof(from)),
			 0);
	if (v4) {
		struct sockaddr_in there = at_v4(to, 80);

		assert_int_equal(connect(fd, (struct sockaddr *)&there, sizeof(there)), 0);
	} else {
		struct sockaddr_in6 there = at(to, 80);

		assert_int_equal(connect(fd, (struct sockaddr *)&there, sizeof(there)), 0);
	}
	return fd;
}

static void begin(struct walk *walk, const char *const *locals, size_t n)
{
	struct network networks[SOCKETS_FILTER_MAX + 1];

	for (size_t i = 0; i < n; i++)
		networks[i] = (struct network){.address = address_of(locals[i]), .length = 128};
	walk->counted = walk->others = 0;
	walk->ended = 0;
	assert_int_equal(sockets_walk(walk->sockets, networks, n, -1), 0);
}

static uint32_t count(struct walk *walk, const char *local, const char *const *locals, size_t n)
{
	walk->local = address_of(local);
	begin(walk, locals, n);
	while (!walk->ended)
		assert_true(sd_event_run(walk->event, 5000000) > 0);
	assert_int_equal(walk->ended, 1);
	assert_int_equal(walk->result, 0);
	return walk->counted;
}

static void connections_of_both_families_are_found_on_sockets_of_either(void **state)
{
	struct walk *walk = walk_of(state);
	int both = listener(false);

	client("127.0.0.2"); /* its server's socket is one of IPv6 */
	client("127.0.0.2");
	client("fd00::2");
	assert_int_equal(count(walk, "127.0.0.2", addresses, 3), 2);
	assert_int_equal(count(walk, "fd00::2", addresses, 3), 1);
	close(both);
}

static void a_socket_of_ipv4_is_found(void **state)
{
	struct walk *walk = walk_of(state);

	listener(true);
	client("127.0.0.2");
	client("127.0.0.3");
	assert_int_equal(count(walk, "127.0.0.2", addresses, 3), 1);
	assert_int_equal(count(walk, "127.0.0.3", addresses, 3), 1);
}

static void the_kernel_leaves_out_what_is_of_no_interest(void **state)
{
	struct walk *walk = walk_of(state);

	listener(false);
	client("127.0.0.4");
	client("127.0.0.3");
	client("fd00::2");
	assert_int_equal(count(walk, "127.0.0.3", addresses, 2), 1);
	assert_int_equal(walk->others, 0);
	assert_int_equal(count(walk, "fd00::2", &addresses[2], 1), 1);
	assert_int_equal(walk->others, 0);
}

static void networks_are_matched_by_their_length(void **state)
{
	struct walk *walk = walk_of(state);
	struct network network = {.address = address_of("127.0.0.2"), .length = 96 + 31};

	listener(false);
	client("127.0.0.2");
	client("127.0.0.3");
	client("127.0.0.4");
	assert_int_equal(sockets_walk(walk->sockets, &network, 1, -1), 0);
	while (!walk->ended)
		assert_true(sd_event_run(walk->event, 5000000) > 0);
	assert_int_equal(walk->counted + walk->others, 2);
}

static void of_more_networks_than_a_filter_holds_all_are_found(void **state)
{
	struct walk *walk = walk_of(state);
	const char *many[SOCKETS_FILTER_MAX + 1];

	for (size_t i = 0; i <= SOCKETS_FILTER_MAX; i++)
		many[i] = i < SOCKETS_FILTER_MAX - 1 ? "fd00::7" : "127.0.0.2";
	listener(false);
	client("127.0.0.2");
	assert_int_equal(count(walk, "127.0.0.2", many, SOCKETS_FILTER_MAX), 1);
	assert_int_equal(walk->others, 0);
	assert_int_equal(count(walk, "127.0.0.2", many, SOCKETS_FILTER_MAX + 1), 1);
	assert_true(walk->others > 0); /* the client's end */
}

static void a_connection_counts_until_both_sides_have_closed_it(void **state)
{
	struct walk *walk = walk_of(state);
	int listens = listener(false), held = client("127.0.0.2"), accepted;

	accepted = accept(listens, NULL, NULL);
	close(held); /* CLOSE_WAIT */
	assert_int_equal(count(walk, "127.0.0.2", addresses, 1), 1);
	close(accepted); /* LAST_ACK, and gone */
	assert_int_equal(count(walk, "127.0.0.2", addresses, 1), 0);

	held = client("127.0.0.2");
	accepted = accept(listens, NULL, NULL);
	close(accepted); /* FIN_WAIT2 */
	assert_int_equal(count(walk, "127.0.0.2", addresses, 1), 1);
	close(held); /* TIME_WAIT */
	assert_int_equal(count(walk, "127.0.0.2", addresses, 1), 0);
	close(listens);
}

static void a_walk_goes_on_over_as_many_messages_as_it_takes(void **state)
{
	struct walk *walk = walk_of(state);

	listener(false);
	for (int i = 0; i < MANY; i++)
		close(client("127.0.0.2")); /* CLOSE_WAIT: the server's end stays */
	assert_int_equal(count(walk, "127.0.0.2", addresses, 1), MANY);
}

static void a_walk_that_is_given_up_does_not_end_and_the_next_one_is_whole(void **state)
{
	struct walk *walk = walk_of(state);

	listener(false);
	for (int i = 0; i < MANY; i++)
		close(client("127.0.0.2"));
	begin(walk, addresses, 1);
	assert_true(sd_event_run(walk->event, 5000000) > 0);
	assert_int_equal(count(walk, "127.0.0.2", addresses, 1), MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, walk_set_up, walk_tear_down)
		WITH_WORLD(connections_of_both_families_are_found_on_sockets_of_either),
		WITH_WORLD(a_socket_of_ipv4_is_found),
		WITH_WORLD(the_kernel_leaves_out_what_is_of_no_interest),
		WITH_WORLD(networks_are_matched_by_their_length),
		WITH_WORLD(of_more_networks_than_a_filter_holds_all_are_found),
		WITH_WORLD(a_connection_counts_until_both_sides_have_closed_it),
		WITH_WORLD(a_walk_goes_on_over_as_many_messages_as_it_takes),
		WITH_WORLD(a_walk_that_is_given_up_does_not_end_and_the_next_one_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

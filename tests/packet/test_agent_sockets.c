/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the host's own sockets send: agent_stamp and agent_restore where they are attached, at the device
 * that clients live behind, so that every packet comes with the socket that the kernel gives it. And the
 * connection's clock under the hands of two CPUs.
 */
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "tests/packet/agent_world.h"
#include "tests/packet/client.h"
#include "wire/connection.h"

#include "agent_restore.skel.h"
#include "agent_stamp.skel.h"

#define COOKIES 8000  /* the port of a service that takes cookies */
#define NO_COOKIES 80 /* and of one that does not */
#define MARK 0x5aa5  /* of no epoch: only storage knows it */
#define LAG 123456
#define SOON_MS 1500 /* after a test has read the clock, the kernel sends */

static struct agent_stamp *stamp;
static struct agent_restore *restore;

/* --- what tests are made of ------------------------------------------------------------------ */

static int listener;

/* A client with timestamps, and the server's socket of its connection. */
static int connected(struct client *client, int v)
{
	*client = client_new(v);
	client->vip_port = COOKIES;
	client->timestamps = true;
	listener = server_listen(v, COOKIES);
	client_open(client);
	return server_accept(listener);
}

/* The connection was born under `lag`, by an echo of the kernel's `echoed`. */
static void given_storage(int socket, uint32_t lag, uint32_t echoed)
{
	struct connection connection = {.mark = MARK};

	clock_born(&connection.clock, lag, echoed);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(stamp->maps.connections), &socket, &connection,
					     BPF_NOEXIST),
			 0);
}

static struct connection storage_of(int socket)
{
	struct connection connection;

	assert_int_equal(bpf_map_lookup_elem_flags(bpf_map__fd(stamp->maps.connections), &socket,
						   &connection, BPF_F_LOCK),
			 0);
	return connection;
}

static struct heard server_says(struct client *client, int server)
{
	assert_int_equal(write(server, "x", 1), 1);
	return client_hear(client, TCP_PSH);
}

/* The stamp of a clock that the connection had at `kernel`, or soon after. */
#define assert_stamped(said, kernel, lag)                                                          \
	do {                                                                                       \
		struct heard heard_ = (said);                                                      \
		assert_true(heard_.timestamps);                                                    \
		assert_int_equal(heard_.tsval & 0xffff, MARK);                                     \
		assert_in_range((uint16_t)((heard_.tsval >> 16) - ((kernel) - (lag))), 0, SOON_MS); \
	} while (0)

/* As the kernel wrote it. */
#define assert_plain(said, kernel)                                                                 \
	do {                                                                                       \
		struct heard heard_ = (said);                                                      \
		assert_true(heard_.timestamps);                                                    \
		assert_in_range(heard_.tsval - (kernel), 0, SOON_MS);                              \
	} while (0)

/* --- stamps ---------------------------------------------------------------------------------- */

static void a_segment_of_a_connection_carries_its_mark_and_its_own_clock(void **state)
{
	struct client client;
	int server = connected(&client, FAMILY(state));
	uint32_t now = kernel_clock();

	given_storage(server, LAG, now);
	assert_stamped(server_says(&client, server), now, LAG);
}

/* The kernel cuts it into packets behind the program: of 9000 bytes six, and one more. */
static void every_packet_of_a_large_segment_carries_the_cookie(void **state)
{
	static const uint8_t bytes[9000];
	struct client client;
	int server = connected(&client, FAMILY(state));
	uint32_t now = kernel_clock();

	given_storage(server, LAG, now);
	assert_int_equal(write(server, bytes, sizeof(bytes)), sizeof(bytes));
	for (int i = 0; i < 7; i++)
		assert_stamped(client_hear(&client, TCP_ACK), now, LAG);
}

/* It began before the agent, or its handshake was not stamped. */
static void a_connection_without_storage_is_never_stamped(void **state)
{
	struct client client;
	int server = connected(&client, FAMILY(state));
	uint32_t now = kernel_clock();

	assert_plain(server_says(&client, server), now);
	assert_plain(server_says(&client, server), now);
}

/* However often: were it the newest clock *sent*, a row of lost segments would add up past the wrap. */
static void no_clock_is_further_than_the_bound_from_the_newest_echo(void **state)
{
	struct client client;
	int server = connected(&client, FAMILY(state));
	uint32_t long_ago = kernel_clock() - 40000, most = long_ago - LAG + CLOCK_AHEAD_MAX;
	struct heard heard;

	given_storage(server, LAG, long_ago);
	for (int i = 0; i < 3; i++) {
		heard = server_says(&client, server);
		assert_int_equal(heard.tsval, most << 16 | MARK);
	}
	client.tsecr = heard.tsval;
	client_say(&client, TCP_ACK);
	assert_int_equal(storage_of(server).clock.echo, most);
	heard = server_says(&client, server);
	assert_in_range((uint16_t)((heard.tsval >> 16) - most), 0, SOON_MS);
}

/* A server that closes first sends its last ACK from a socket that has no storage. */
static void the_last_ack_from_time_wait_carries_what_the_fin_left_behind(void **state)
{
	struct client client;
	int server = connected(&client, FAMILY(state));
	uint32_t now = kernel_clock();
	struct heard heard;

	given_storage(server, LAG, now);
	client_let_server_close(&client, server);
	client.sent--;
	client_say(&client, TCP_FIN | TCP_ACK); /* it did not hear the ACK */
	heard = client_hear(&client, TCP_ACK);
	assert_stamped(heard, now, LAG);
}

/* Such a socket is closed already, and is not looked at, though its storage is still there. */
static void the_reset_of_a_closed_socket_stays(void **state)
{
	struct client client;
	int server = connected(&client, FAMILY(state));
	struct pollfd readable = {.fd = server, .events = POLLIN};
	uint32_t now = kernel_clock();

	given_storage(server, LAG, now);
	client_repeat(&client, 0);
	assert_int_equal(poll(&readable, 1, 2000), 1);
	dup2(listener, server); /* closes it over what nobody has read */
	assert_plain(client_hear(&client, TCP_RST), now);
}

/* Out of the window of a half-open connection: the answer borrows the listener, or a socket that is closed. */
static struct heard answer_of_a_half_open_connection(struct client *client, uint16_t port)
{
	client->vip_port = port;
	client->timestamps = true;
	given_storage(server_listen(client->v, port), LAG, kernel_clock());
	client_half_open(client);
	client->sent += 1 << 20;
	client_say(client, TCP_ACK);
	return client_hear(client, TCP_ACK);
}

static void an_ack_that_borrows_the_listener_stays(void **state)
{
	struct client client = client_new(FAMILY(state));
	uint32_t now = kernel_clock();

	assert_plain(answer_of_a_half_open_connection(&client, NO_COOKIES), now);
}

/* Its SYN-ACK was stamped: beside that, a plain timestamp is one of long ago to the client, or makes the next one so. */
static void the_ack_of_a_half_open_connection_is_stamped_as_its_syn_ack(void **state)
{
	struct client client = client_new(FAMILY(state));
	uint32_t now = kernel_clock();
	struct heard heard = answer_of_a_half_open_connection(&client, COOKIES);

	assert_true(heard.timestamps);
	assert_int_equal(heard.tsval & 0xffff, client_mark(&client, OWN_ID, agent_cookie_keys.current));
	assert_in_range((uint16_t)((heard.tsval >> 16) - now), 0, SOON_MS);
}

static void a_reset_that_borrows_the_listener_has_no_timestamps(void **state)
{
	struct client client = client_new(FAMILY(state));

	client.vip_port = COOKIES;
	client.timestamps = true;
	given_storage(server_listen(client.v, COOKIES), LAG, kernel_clock());
	client_say(&client, TCP_ACK);
	assert_false(client_hear(&client, TCP_RST).timestamps);
}

/* --- handshakes ------------------------------------------------------------------------------ */

/*
 * The first SYN-ACK is lost, and both sides have a timer of a second: the server's second SYN-ACK and the
 * client's second SYN cross. The client answers that SYN-ACK; the third one comes too late to count.
 */
static void a_connection_whose_first_syn_ack_was_lost_is_established_all_the_same(void **state)
{
	struct client client = client_new(FAMILY(state));
	uint32_t remembers = (kernel_clock() + 20000) << 16, answered;
	struct heard third;

	client.vip_port = COOKIES;
	client.timestamps = true;
	listener = server_listen(client.v, COOKIES);
	client.tsecr = remembers;
	client_half_open(&client);
	answered = client_hear(&client, TCP_SYN | TCP_ACK).tsval;
	client.sent--;
	client.tsecr = remembers;
	client_say(&client, TCP_SYN);
	third = client_hear(&client, TCP_SYN | TCP_ACK);
	assert_in_range((uint16_t)((third.tsval >> 16) - (answered >> 16)), 0, SOON_MS);
	client.tsecr = answered;
	client_say(&client, TCP_ACK);
	server_accept(listener);
}

/* --- two CPUs -------------------------------------------------------------------------------- */

#define RACE_MS 1500
#define BROKEN_RACE_MS 20000 /* at most; a moment is enough */
#define TURNS 7000	     /* of two echoes each: together less than the bound */

/* Two hands at a connection's clock. In each turn both have an echo that is news, at the same moment. */
struct race {
	struct client client;
	int server;
	uint32_t first; /* echo at the beginning */
	void (*begin)(struct race *race);
	void (*turn)(struct race *race, struct client *client, uint32_t echo);
	uint32_t (*newest)(struct race *race);
	struct connection_clock clock; /* of the race in memory */
	bool plain;
};

static atomic_ulong arrived, turns, lost;

static void begin_in_kernel(struct race *race)
{
	struct connection connection = {.mark = MARK};

	clock_born(&connection.clock, LAG, race->first + LAG);
	connection.clock.sent += CLOCK_AHEAD_MAX;
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(stamp->maps.connections), &race->server,
					     &connection, BPF_EXIST | BPF_F_LOCK),
			 0);
}

/* Through the attached programs: what the client repeats is restored, and what the kernel answers stamped. */
static void turn_in_kernel(struct race *race, struct client *client, uint32_t echo)
{
	client->tsecr = echo << 16 | MARK;
	client_repeat(client, 1);
}

static uint32_t newest_in_kernel(struct race *race)
{
	uint8_t frame[2048];

	while (read(agent_tap(), frame, sizeof(frame)) > 0)
		;
	return storage_of(race->server).clock.echo;
}

/* What the programs do, in memory that both have. */
static void begin_in_memory(struct race *race)
{
	clock_born(&race->clock, LAG, race->first + LAG);
	race->clock.sent += CLOCK_AHEAD_MAX;
}

/* As it would be with loads and stores alone. */
static void note_plainly(struct connection_clock *clock, uint32_t echo)
{
	volatile uint32_t *newest = &clock->echo;

	if ((int32_t)(echo - *newest) > 0)
		*newest = echo;
}

static void turn_in_memory(struct race *race, struct client *client, uint32_t echo)
{
	if (race->plain)
		note_plainly(&race->clock, echo);
	else
		clock_restore(&race->clock, echo);
}

static uint32_t newest_in_memory(struct race *race)
{
	return *(volatile uint32_t *)&race->clock.echo;
}

/* Waits until both hands have been here `times`. */
static void meet(unsigned long times)
{
	arrived++;
	for (unsigned long spins = 1; arrived < 2 * times; spins++)
		if (spins % 1000 == 0)
			sched_yield();
}

struct hand {
	pthread_t thread;
	struct race *race;
	int cpu;
};

static void *work(void *argument)
{
	struct hand *hand = argument;
	struct race *race = hand->race;
	struct client client = race->client;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(hand->cpu, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus); /* with one CPU: in turns */
	for (uint32_t turn = 0; turn < TURNS; turn++) {
		uint32_t echo = race->first + 1 + 2 * turn;

		meet(2 * turn + 1);
		race->turn(race, &client, echo + (hand->cpu ^ (turn & 1)));
		meet(2 * turn + 2);
		if (hand->cpu == 0 && race->newest(race) != echo + 1)
			lost++;
	}
	return NULL;
}

/* Again and again, until the time is over, or something was lost. */
static void race_run(struct race *race, uint32_t most_ms)
{
	struct hand hands[] = {{.race = race, .cpu = 0}, {.race = race, .cpu = 1}};
	uint32_t began = kernel_clock();

	for (lost = turns = 0; kernel_clock() - began < most_ms && !lost; turns += TURNS) {
		arrived = 0;
		race->begin(race);
		for (int i = 0; i < 2; i++)
			assert_int_equal(pthread_create(&hands[i].thread, NULL, work, &hands[i]), 0);
		for (int i = 0; i < 2; i++)
			pthread_join(hands[i].thread, NULL);
	}
}

/* Nothing is lost, and with loads and stores alone something is. */
static void plain_ones_lose(struct race *race)
{
	race->first = kernel_clock() - LAG;
	race_run(race, RACE_MS);
	assert_int_equal(lost, 0);
	race->plain = true;
	race_run(race, BROKEN_RACE_MS);
	assert_true(lost > 0);
}

/* With loads and stores alone some are lost, in most runs. */
static void two_cpus_never_lose_an_echo(void **state)
{
	struct race race = {.begin = begin_in_kernel, .turn = turn_in_kernel, .newest = newest_in_kernel};

	race.server = connected(&race.client, FAMILY(state));
	race.first = kernel_clock() - LAG;
	given_storage(race.server, LAG, race.first + LAG);
	race_run(&race, RACE_MS);
	assert_int_equal(lost, 0);
	assert_true(turns > 0);
}

/* So that the test above is known to see it. */
static void an_echo_is_lost_to_plain_loads_and_stores(void **state)
{
	struct race race = {.begin = begin_in_memory, .turn = turn_in_memory, .newest = newest_in_memory};

	plain_ones_lose(&race);
}

/* A stamp that `sent` does not cover would be restored as one from a wrap ago. */
static void stamp_in_memory(struct race *race, struct client *client, uint32_t clock)
{
	uint32_t stamped = clock;

	if (race->plain)
		race->clock.sent = clock;
	else if (!clock_stamp_freely(&race->clock, clock + LAG, &stamped))
		stamped = clock_stamp(&race->clock, clock + LAG);
	if ((int32_t)(*(volatile uint32_t *)&race->clock.sent - stamped) < 0)
		lost++;
}

static void begin_stamps(struct race *race)
{
	clock_born(&race->clock, LAG, race->first + LAG);
	race->clock.echo += CLOCK_AHEAD_MAX;
}

static uint32_t newest_stamp(struct race *race)
{
	return *(volatile uint32_t *)&race->clock.sent;
}

static void two_cpus_never_lose_a_stamp(void **state)
{
	struct race race = {.begin = begin_stamps, .turn = stamp_in_memory, .newest = newest_stamp};

	plain_ones_lose(&race);
}

/* --- the programs at the clients' device ------------------------------------------------------ */

#define SHARE(name)                                                                                \
	assert_int_equal(bpf_map__reuse_fd(restore->maps.name, bpf_map__fd(stamp->maps.name)), 0)

static void set(struct agent_settings *settings)
{
	settings->vip_prefixes = 1;
	settings->mss_v4 = settings->mss_v6 = 1360;
	settings->mtu = 1500;
	settings->id = OWN_ID;
	settings->key = agent_hash_key;
	settings->cookie = agent_cookie_keys;
}

static void attach(enum bpf_tc_attach_point point, const struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(AGENT_LINK),
		    .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = bpf_program__fd(program));

	assert_int_equal(bpf_tc_attach(&hook, &options), 0);
}

static int load(void **state)
{
	LIBBPF_OPTS(bpf_tc_hook, both, .ifindex = (int)if_nametoindex(AGENT_LINK),
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	given_sysctl("ipv4/tcp_timestamps", "2");
	stamp = agent_stamp__open();
	restore = agent_restore__open();
	assert_true(stamp && restore);
	set((struct agent_settings *)&stamp->rodata->settings);
	set((struct agent_settings *)&restore->rodata->settings);
	assert_int_equal(agent_stamp__load(stamp), 0);
	SHARE(connections);
	SHARE(lags);
	SHARE(vips);
	SHARE(vip_prefixes);
	SHARE(intervals);
	assert_int_equal(agent_restore__load(restore), 0);
	world_vips(bpf_map__fd(stamp->maps.vips), bpf_map__fd(stamp->maps.vip_prefixes),
		   bpf_map__fd(stamp->maps.intervals));
	assert_int_equal(bpf_tc_hook_create(&both), 0);
	attach(BPF_TC_EGRESS, stamp->progs.agent_stamp);
	attach(BPF_TC_INGRESS, restore->progs.agent_restore);
	return 0;
}

static int unload(void **state)
{
	server_close_all();
	agent_stamp__destroy(stamp);
	agent_restore__destroy(restore);
	return 0;
}

AGENT_TESTS_WITH(load, unload,
		 IN_BOTH(a_segment_of_a_connection_carries_its_mark_and_its_own_clock),
		 IN_BOTH(every_packet_of_a_large_segment_carries_the_cookie),
		 IN_BOTH(a_connection_without_storage_is_never_stamped),
		 IN_BOTH(no_clock_is_further_than_the_bound_from_the_newest_echo),
		 IN_BOTH(the_last_ack_from_time_wait_carries_what_the_fin_left_behind),
		 IN_BOTH(the_reset_of_a_closed_socket_stays),
		 IN_BOTH(an_ack_that_borrows_the_listener_stays),
		 IN_BOTH(the_ack_of_a_half_open_connection_is_stamped_as_its_syn_ack),
		 IN_BOTH(a_reset_that_borrows_the_listener_has_no_timestamps),
		 IN_BOTH(a_connection_whose_first_syn_ack_was_lost_is_established_all_the_same),
		 IN_BOTH(two_cpus_never_lose_an_echo),
		 ONCE(an_echo_is_lost_to_plain_loads_and_stores),
		 ONCE(two_cpus_never_lose_a_stamp))

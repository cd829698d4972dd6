/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the agent makes of the timestamps of connections: real sockets, in the state that a client
 * played by the test has brought them to. The stamps on the wire are as wire/cookie.h has them, and
 * what is restored is checked against the kernel's own clock.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>

#include "io/sockets.h"
#include "tests/packet/agent_world.h"
#include "tests/packet/client.h"
#include "wire/connection.h"

#include "agent_birth.skel.h"
#include "agent_restore.skel.h"

#define COOKIES 8000  /* the port of a service that takes cookies */
#define NO_COOKIES 80 /* and of one that does not */
#define CLIENTS_TSVAL 77
#define MARK_OF_A_DEAD_EPOCH 0x5aa5
#define LAG 123456

static struct agent_restore *restore;
static struct agent_birth *birth;

/* Two NOPs and the timestamps (RFC 7323, appendix A). */
struct option {
	__u8 bytes[12];
};

static struct option option_of(__u32 tsecr)
{
	struct option option = {.bytes = {1, 1, 8, 10}};
	__be32 values[2] = {htonl(CLIENTS_TSVAL), htonl(tsecr)};

	memcpy(option.bytes + 4, values, sizeof(values));
	return option;
}

/* What is left of the echo behind agent_restore; the rest of the segment must be as it was. */
static __u32 restored(const struct client *client, __u32 tsecr)
{
	struct option option = option_of(tsecr);
	struct frame in =
		FRAME(FROM_FABRIC, FROM_CLIENT(client->v),
		      TCP(.from_port = client->port, .to_port = client->vip_port, .flags = TCP_ACK,
			  .bytes = option.bytes, .size = sizeof(option)),
		      PAYLOAD(9));
	struct frame out =
		buffer_run(bpf_program__fd(restore->progs.agent_restore), &in, TC_ACT_UNSPEC);
	size_t at = 14 + (client->v ? 40 : 20) + 20 + 8;
	__be32 echo;

	memcpy(&echo, out.bytes + at, sizeof(echo));
	option = option_of(ntohl(echo));
	in = FRAME(FROM_FABRIC, FROM_CLIENT(client->v),
		   TCP(.from_port = client->port, .to_port = client->vip_port, .flags = TCP_ACK,
		       .bytes = option.bytes, .size = sizeof(option)),
		   PAYLOAD(9));
	frame_check(&out, &in, __FILE__, __LINE__);
	return ntohl(echo);
}

static void stays(const struct client *client, __u32 tsecr)
{
	assert_int_equal(restored(client, tsecr), tsecr);
}

static struct client client_of(int v, int port)
{
	struct client client = client_new(v);

	client.vip_port = port;
	return client;
}

/* Returns the server's socket. */
static int connected(struct client *client)
{
	int listener = server_listen(client->v, client->vip_port);

	client_open(client);
	return server_accept(listener);
}

static bool storage_of(int socket, struct connection *ret)
{
	return bpf_map_lookup_elem(bpf_map__fd(restore->maps.connections), &socket, ret) == 0;
}

/* The connection was born with `lag`, by an echo of the kernel's `echoed`. */
static void given_storage(int socket, __u32 lag, __u32 echoed, __u16 mark)
{
	struct connection connection = {.mark = mark};

	clock_born(&connection.clock, lag, echoed);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(restore->maps.connections), &socket,
					     &connection, BPF_NOEXIST),
			 0);
}

static bool noted(const struct client *client, struct connection_lag *ret)
{
	struct flow flow = client_flow(client);

	return bpf_map_lookup_elem(bpf_map__fd(restore->maps.lags), &flow, ret) == 0;
}

static void given_note(const struct client *client, struct connection_lag lag)
{
	struct flow flow = client_flow(client);

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(restore->maps.lags), &flow, &lag, BPF_ANY),
			 0);
}

static void an_echo_becomes_the_kernels_timestamp_by_the_connections_own_clock(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);
	int server = connected(&client);
	__u16 mark = client_mark(&client, OWN_ID, 1);
	__u32 born = 5000000;

	given_storage(server, LAG, born, mark);
	assert_int_equal(restored(&client, (born - LAG) << 16 | mark), born);
}

struct seen {
	__u32 mark;
	size_t n;  /* that carry it */
	int ended; /* 1: not yet */
};

static void on_found(const union address *local, uint16_t port, const void *stored, size_t size,
		     void *userdata)
{
	struct seen *seen = userdata;
	struct connection connection;

	if (!stored)
		return;
	assert_int_equal(size, sizeof(connection));
	memcpy(&connection, stored, size);
	seen->n += connection.mark == seen->mark && port == COOKIES;
}

static void on_ended(int result, uint64_t took_us, void *userdata)
{
	struct seen *seen = userdata;

	seen->ended = result;
}

/* How many connections it finds that carry the mark. */
static size_t found_by_a_walk(__u32 mark, int storage)
{
	struct seen seen = {.mark = mark, .ended = 1};
	struct sockets *sockets;
	sd_event *event;

	assert_int_equal(sd_event_new(&event), 0);
	assert_true(sockets_new(event, on_found, on_ended, &seen, &sockets) >= 0);
	assert_int_equal(sockets_walk(sockets, NULL, 0, storage), 0);
	while (seen.ended == 1)
		assert_true(sd_event_run(event, UINT64_MAX) >= 0);
	sockets_free(sockets);
	sd_event_unref(event);
	assert_int_equal(seen.ended, 0);
	return seen.n;
}

/* Which key epochs connections carry is counted by that (agent/connections.h). */
static void a_walk_over_the_sockets_tells_what_each_connection_carries(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);
	int server = connected(&client), storage = bpf_map__fd(restore->maps.connections);
	__u32 mark = 0x8c0d + FAMILY(state); /* no other test's */

	assert_int_equal(found_by_a_walk(mark, storage), 0);
	given_storage(server, LAG, 5000000, mark);
	assert_int_equal(found_by_a_walk(mark, storage), 1);
	assert_int_equal(found_by_a_walk(mark, -1), 0);
}

/* Raising the epoch twice leaves no key that decodes it. The socket's storage knows it all the
 * same. */
static void an_echo_of_an_epoch_that_is_gone_is_restored_by_the_storage(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);
	int server = connected(&client);
	__u32 born = 5000000;

	given_storage(server, LAG, born, MARK_OF_A_DEAD_EPOCH);
	assert_int_equal(restored(&client, (born - LAG) << 16 | MARK_OF_A_DEAD_EPOCH), born);
}

/* The server goes on stamping it, so its echoes go on coming. */
static void a_connection_outlives_its_services_cookies(void **state)
{
	struct client client = client_of(FAMILY(state), NO_COOKIES);
	int server = connected(&client);
	__u16 mark = client_mark(&client, OWN_ID, 1);
	__u32 born = 5000000;

	given_storage(server, LAG, born, mark);
	assert_int_equal(restored(&client, (born - LAG) << 16 | mark), born);
}

static void an_echo_with_another_mark_than_the_connections_stays(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);
	int server = connected(&client);
	__u32 born = 5000000;

	given_storage(server, LAG, born, client_mark(&client, OWN_ID, 1));
	stays(&client, (born - LAG) << 16 | client_mark(&client, OWN_ID, 0));
	stays(&client, (born - LAG) << 16 | client_mark(&client, OWN_ID + 1, 1));
}

static void a_connection_that_began_before_the_agent_stays_as_it_is(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);
	int server = connected(&client);
	struct connection connection;

	stays(&client, 1 << 16 | client_mark(&client, OWN_ID + 1, 1));
	stays(&client, 0x12345678);
	assert_false(storage_of(server, &connection));
}

/* In either epoch that is live. Restored is not below the true value, which is not known any more.
 */
static void a_connection_whose_storage_was_lost_is_adopted_by_its_echo(void **state)
{
	for (int epoch = 0; epoch < 2; epoch++) {
		struct client client = client_of(FAMILY(state), COOKIES);
		int server = connected(&client);
		__u16 mark = client_mark(&client, OWN_ID, epoch);
		struct connection connection;
		__u32 before = kernel_clock(), kernel;

		kernel = restored(&client, 4321 << 16 | mark);
		assert_in_range(kernel, before, kernel_clock());
		assert_true(storage_of(server, &connection));
		assert_int_equal(connection.mark, mark);
		assert_int_equal(connection.clock.echo, 4321);
		server_close_all();
	}
}

static void a_service_without_cookies_adopts_nothing(void **state)
{
	struct client client = client_of(FAMILY(state), NO_COOKIES);
	int server = connected(&client);
	struct connection connection;

	stays(&client, 4321 << 16 | client_mark(&client, OWN_ID, 1));
	assert_false(storage_of(server, &connection));
}

/* The first ACK, whose socket is a request and has no storage, in the state that `begin` makes. */
static void the_ack_of_a_handshake_is_restored_and_its_stamp_noted(const struct client *client)
{
	for (int epoch = 0; epoch < 2; epoch++) {
		__u16 mark = client_mark(client, OWN_ID, epoch);
		__u32 sent = kernel_clock() - 150;
		struct connection_lag lag;

		assert_int_equal(restored(client, sent << 16 | mark), sent);
		assert_true(noted(client, &lag));
		assert_true(lag.marked && lag.mark == mark && !lag.lag);
		assert_int_equal(restored(client, sent << 16 | mark), sent);
	}
}

static void the_ack_of_a_half_open_connection_is_restored_and_noted(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);

	server_listen(client.v, COOKIES);
	client_half_open(&client);
	the_ack_of_a_handshake_is_restored_and_its_stamp_noted(&client);
}

static void the_ack_of_a_syn_cookie_is_restored_and_noted(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);

	given_sysctl("ipv4/tcp_syncookies", "2");
	server_listen(client.v, COOKIES);
	client_half_open(&client);
	the_ack_of_a_handshake_is_restored_and_its_stamp_noted(&client);
}

static void a_syn_came_in(const struct client *client)
{
	struct frame in = FRAME(FROM_FABRIC, FROM_CLIENT(client->v),
				TCP(.from_port = client->port, .to_port = client->vip_port, .flags = TCP_SYN));
	struct frame out =
		buffer_run(bpf_program__fd(restore->progs.agent_restore), &in, TC_ACT_UNSPEC);

	frame_check(&out, &in, __FILE__, __LINE__);
}

/* Both are on their way on two CPUs: without the note the connection would be born without its stamp. */
static void a_syn_that_comes_again_beside_the_ack_leaves_its_note_alone(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);
	__u16 mark = client_mark(&client, OWN_ID, 1);
	struct connection_lag lag;

	server_listen(client.v, COOKIES);
	client_half_open(&client);
	restored(&client, kernel_clock() << 16 | mark);
	a_syn_came_in(&client);
	assert_true(noted(&client, &lag));
	assert_true(lag.marked && lag.mark == mark);
}

/* Of a connection that is gone. */
static void a_syn_for_the_listener_forgets_what_was_noted(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);
	struct connection_lag lag;

	server_listen(client.v, COOKIES);
	given_note(&client, (struct connection_lag){.lag = 4000, .mark = 7, .marked = true});
	a_syn_came_in(&client);
	assert_false(noted(&client, &lag));
}

/* The client's SYN carried what it remembered of these ports: its clock begins behind that. */
static void the_lag_of_the_syn_counts_in_the_handshake(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);
	__u16 mark = client_mark(&client, OWN_ID, 1);
	__u32 sent = kernel_clock() - 150;
	struct connection_lag lag;

	server_listen(client.v, COOKIES);
	client_half_open(&client);
	given_note(&client, (struct connection_lag){.lag = 4000});
	assert_int_equal(restored(&client, (sent - 4000) << 16 | mark), sent);
	assert_true(noted(&client, &lag));
	assert_true(lag.marked && lag.mark == mark && lag.lag == 4000);
}

static void a_handshake_that_was_not_stamped_by_us_is_not_noted(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);
	struct connection_lag lag;

	server_listen(client.v, COOKIES);
	client_half_open(&client);
	stays(&client, kernel_clock());
	stays(&client, kernel_clock() << 16 | client_mark(&client, OWN_ID + 1, 1));
	assert_false(noted(&client, &lag));
}

static void a_handshake_of_a_service_without_cookies_stays(void **state)
{
	struct client client = client_of(FAMILY(state), NO_COOKIES);
	struct connection_lag lag;

	server_listen(client.v, NO_COOKIES);
	client_half_open(&client);
	stays(&client, kernel_clock() << 16 | client_mark(&client, OWN_ID, 1));
	assert_false(noted(&client, &lag));
}

/* The server has closed first: its socket's storage is gone, and what left with the FIN is kept. */
static void an_echo_in_time_wait_is_restored_by_what_the_fin_left_behind(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);
	int server = connected(&client);
	__u32 sent = kernel_clock() - 150;

	client_let_server_close(&client, server);
	given_note(&client, (struct connection_lag){
				    .lag = LAG, .mark = MARK_OF_A_DEAD_EPOCH, .marked = true});
	assert_int_equal(restored(&client, (sent - LAG) << 16 | MARK_OF_A_DEAD_EPOCH), sent);
}

static void an_echo_in_time_wait_is_not_noted(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);
	int server = connected(&client);
	struct connection_lag lag;

	client_let_server_close(&client, server);
	restored(&client, kernel_clock() << 16 | client_mark(&client, OWN_ID, 1));
	assert_false(noted(&client, &lag));
}

/* Births: agent_birth in a cgroup of the test's own. */

static char cgroup[4200];

static bool enter_cgroup(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r"), *members;
	struct mntent *entry;
	char path[4300];

	while (mounts && !*cgroup && (entry = getmntent(mounts)))
		if (strcmp(entry->mnt_type, "cgroup2") == 0)
			snprintf(cgroup, sizeof(cgroup), "%s/holdfast-test-%d", entry->mnt_dir,
				 getpid());
	if (mounts)
		endmntent(mounts);
	if (!*cgroup || mkdir(cgroup, 0700))
		return false;
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	members = fopen(path, "w");
	return members && fprintf(members, "%d\n", getpid()) > 0 && fclose(members) == 0;
}

static void leave_cgroup(void)
{
	char path[4300];
	FILE *members;

	snprintf(path, sizeof(path), "%s/../cgroup.procs", cgroup);
	members = fopen(path, "w");
	if (members) {
		fprintf(members, "%d\n", getpid());
		fclose(members);
	}
	rmdir(cgroup);
}

/* The client's ACK arrives with an echo that agent_restore has made the kernel's. */
static int born(struct client *client, __u32 kernel)
{
	struct option option = option_of(kernel);
	int listener = server_listen(client->v, client->vip_port);

	client_half_open(client);
	client_acknowledge(client, option.bytes, sizeof(option));
	return server_accept(listener);
}

static void a_connection_is_born_with_the_mark_and_the_lag_of_its_handshake(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);
	struct connection_lag note = {.lag = LAG, .mark = MARK_OF_A_DEAD_EPOCH, .marked = true};
	struct connection connection;
	int server;

	if (!birth)
		skip();
	given_note(&client, note);
	server = born(&client, 9000000);
	assert_true(storage_of(server, &connection));
	assert_int_equal(connection.mark, MARK_OF_A_DEAD_EPOCH);
	assert_int_equal(connection.clock.lag, LAG);
	assert_int_equal(connection.clock.echo, 9000000 - LAG);
	assert_false(noted(&client, &note));
}

/* Its SYN-ACK left before there was an agent: stamped now, the client would take it for an old one.
 */
static void a_connection_whose_handshake_was_not_stamped_is_never_stamped(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);
	struct connection connection;

	if (!birth)
		skip();
	assert_false(storage_of(born(&client, 9000000), &connection));
	client = client_of(FAMILY(state), COOKIES);
	server_close_all();
	given_note(&client, (struct connection_lag){.lag = LAG});
	assert_false(storage_of(born(&client, 9000000), &connection));
}

static uint64_t births_of(__u32 service)
{
	int n_cpus = libbpf_num_possible_cpus();
	uint64_t *each = calloc(n_cpus, sizeof(*each)), all = 0;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(birth->maps.births), &service, each), 0);
	for (int i = 0; i < n_cpus; i++)
		all += each[i];
	free(each);
	return all;
}

static void a_birth_is_counted_for_its_service_cookie_or_not(void **state)
{
	struct client client = client_of(FAMILY(state), COOKIES);
	uint64_t many, web;

	if (!birth)
		skip();
	many = births_of(MANY);
	web = births_of(WEB);
	born(&client, 9000000);
	assert_int_equal(births_of(MANY), many + 1);
	server_close_all();
	client = client_of(FAMILY(state), 80);
	born(&client, 9000000);
	assert_int_equal(births_of(WEB), web + 1);
	assert_int_equal(births_of(MANY), many + 1);
}

static uint64_t own_netns(void)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size), 0);
	close(fd);
	return cookie;
}

static int load_birth(void)
{
	struct agent_settings *settings;
	struct bpf_link *link;
	int fd;

	if (!enter_cgroup())
		return 0; /* the tests of births are skipped */
	birth = agent_birth__open();
	assert_non_null(birth);
	assert_int_equal(bpf_map__reuse_fd(birth->maps.lags, bpf_map__fd(restore->maps.lags)), 0);
	assert_int_equal(
		bpf_map__reuse_fd(birth->maps.connections, bpf_map__fd(restore->maps.connections)),
		0);
	assert_int_equal(bpf_map__reuse_fd(birth->maps.vips, bpf_map__fd(restore->maps.vips)), 0);
	assert_int_equal(
		bpf_map__reuse_fd(birth->maps.vip_prefixes, bpf_map__fd(restore->maps.vip_prefixes)),
		0);
	assert_int_equal(bpf_map__reuse_fd(birth->maps.intervals, bpf_map__fd(restore->maps.intervals)),
			 0);
	settings = (struct agent_settings *)&birth->rodata->settings;
	settings->vip_prefixes = 1;
	settings->netns = own_netns();
	assert_int_equal(agent_birth__load(birth), 0);
	fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	link = bpf_program__attach_cgroup(birth->progs.agent_birth, fd);
	assert_non_null(link);
	birth->links.agent_birth = link;
	close(fd);
	return 0;
}

static int load(void **state)
{
	struct agent_settings *settings;

	restore = agent_restore__open();
	assert_non_null(restore);
	settings = (struct agent_settings *)&restore->rodata->settings;
	settings->vip_prefixes = 1;
	settings->id = OWN_ID;
	settings->key = agent_hash_key;
	settings->cookie = agent_cookie_keys;
	assert_int_equal(agent_restore__load(restore), 0);
	world_vips(bpf_map__fd(restore->maps.vips), bpf_map__fd(restore->maps.vip_prefixes),
		   bpf_map__fd(restore->maps.intervals));
	return load_birth();
}

static int unload(void **state)
{
	server_close_all();
	agent_birth__destroy(birth);
	if (*cgroup)
		leave_cgroup();
	agent_restore__destroy(restore);
	return 0;
}

AGENT_TESTS_WITH(load, unload,
		 IN_BOTH(an_echo_becomes_the_kernels_timestamp_by_the_connections_own_clock),
		 IN_BOTH(an_echo_of_an_epoch_that_is_gone_is_restored_by_the_storage),
		 IN_BOTH(a_walk_over_the_sockets_tells_what_each_connection_carries),
		 IN_BOTH(a_connection_outlives_its_services_cookies),
		 IN_BOTH(an_echo_with_another_mark_than_the_connections_stays),
		 IN_BOTH(a_connection_that_began_before_the_agent_stays_as_it_is),
		 IN_BOTH(a_connection_whose_storage_was_lost_is_adopted_by_its_echo),
		 IN_BOTH(a_service_without_cookies_adopts_nothing),
		 IN_BOTH(the_ack_of_a_half_open_connection_is_restored_and_noted),
		 IN_BOTH(the_ack_of_a_syn_cookie_is_restored_and_noted),
		 IN_BOTH(a_syn_that_comes_again_beside_the_ack_leaves_its_note_alone),
		 IN_BOTH(a_syn_for_the_listener_forgets_what_was_noted),
		 IN_BOTH(the_lag_of_the_syn_counts_in_the_handshake),
		 IN_BOTH(a_handshake_that_was_not_stamped_by_us_is_not_noted),
		 IN_BOTH(a_handshake_of_a_service_without_cookies_stays),
		 IN_BOTH(an_echo_in_time_wait_is_restored_by_what_the_fin_left_behind),
		 IN_BOTH(an_echo_in_time_wait_is_not_noted),
		 IN_BOTH(a_connection_is_born_with_the_mark_and_the_lag_of_its_handshake),
		 IN_BOTH(a_birth_is_counted_for_its_service_cookie_or_not),
		 IN_BOTH(a_connection_whose_handshake_was_not_stamped_is_never_stamped))

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is this connection ours? The host's sockets say so: real ones, in the state that a client played
 * by the test has brought them to.
 */
#include <arpa/inet.h>
#include <string.h>

#include <bpf/btf.h>

#include "tests/packet/agent_world.h"
#include "tests/packet/client.h"

#define ONWARD(...) IPV6(.from = ROUTE_SID, .label = 0x12345, .hop_limit = 63, __VA_ARGS__)
#define BOUNCED BOUNCED_TO(UNCLAIMED_SID)
#define BOUNCED_TO(sid) IPV6(.from = BACKEND_1, .to = sid, .label = 0x12345, .hop_limit = 63)

/* One that programs may call, by the kernel's own types. */
static bool kernel_has_function(const char *name)
{
	struct btf *types = btf__load_vmlinux_btf();
	bool has = btf__find_by_name_kind(types, name, BTF_KIND_FUNC) > 0;

	btf__free(types);
	return has;
}

/* The client's next segment. */
#define CLIENT_TCP(client, ...)                                                                    \
	TCP(.from_port = (client).port, .to_port = (client).vip_port, .sequence = (client).sent,   \
	    .acknowledged = (client).received, __VA_ARGS__)
#define CLIENT_ACK(client) CLIENT_TCP(client, .flags = TCP_ACK)

/* We are the only segment: what the host does not hold goes back. */
#define check_alone(v, verdict, ...)                                                               \
	through_agent(                                                                             \
		FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1), FROM_CLIENT(v), __VA_ARGS__),    \
		verdict, FRAME(FROM_FABRIC, FROM_CLIENT(v), __VA_ARGS__))
#define check_unclaimed(v, ...)                                                                    \
	through_agent(                                                                             \
		FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1), FROM_CLIENT(v), __VA_ARGS__),    \
		AGENT_UNCLAIMED, FRAME(TO_FABRIC, BOUNCED, FROM_CLIENT(v), __VA_ARGS__))

/* We are the first of two. */
#define FIRST_OF_TWO FROM_GATEWAY(.to = BACKEND_1), SRH(.segments = {BACKEND_2}, .segments_left = 1)
#define check_first_of_two(v, verdict, ...)                                                        \
	through_agent(FRAME(FROM_FABRIC, FIRST_OF_TWO, FROM_CLIENT(v), __VA_ARGS__), verdict,      \
		      FRAME(FROM_FABRIC, FROM_CLIENT(v), __VA_ARGS__))
#define check_passed_on(v, ...)                                                                    \
	through_agent(FRAME(FROM_FABRIC, FIRST_OF_TWO, FROM_CLIENT(v), __VA_ARGS__),               \
		      AGENT_PASSED_ON,                                                             \
		      FRAME(TO_FABRIC, ONWARD(.to = BACKEND_2),                                    \
			    SRH(.segments = {BACKEND_2}, .segments_left = 0), FROM_CLIENT(v),      \
			    __VA_ARGS__))

static void a_syn_for_a_listener_is_claimed(void **state)
{
	int v = FAMILY(state);

	server_listen(v, 80);
	check_alone(v, AGENT_CLAIM_SYN, SYN());
	check_first_of_two(v, AGENT_CLAIM_SYN, SYN());
}

static void a_syn_for_a_dual_stack_listener_is_claimed(void **state)
{
	int v = FAMILY(state);

	server_listen_anywhere(80);
	check_alone(v, AGENT_CLAIM_SYN, SYN());
}

static void a_syn_without_listener_is_passed_on(void **state)
{
	int v = FAMILY(state);

	check_passed_on(v, SYN());
}

static void a_syn_for_a_listener_on_another_port_is_passed_on(void **state)
{
	int v = FAMILY(state);

	server_listen(v, 8080);
	check_passed_on(v, SYN());
}

static void a_syn_that_must_be_taken_is_taken_without_a_listener(void **state)
{
	int v = FAMILY(state);

	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST), FROM_CLIENT(v), SYN()),
		      AGENT_CLAIM_MUST, FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()));
}

static void a_syn_that_must_be_taken_is_taken_at_the_end_of_a_list(void **state)
{
	int v = FAMILY(state);

	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST),
			    SRH(.segments = {BACKEND_1_MUST}), FROM_CLIENT(v), SYN()),
		      AGENT_CLAIM_MUST, FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()));
}

static void a_syn_without_listener_and_without_must_goes_back(void **state)
{
	int v = FAMILY(state);

	check_unclaimed(v, SYN());
}

static void a_retransmitted_syn_of_a_half_open_connection_is_claimed(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);

	server_listen(v, 80);
	client_half_open(&client);
	check_first_of_two(v, AGENT_CLAIM_SYN, TCP(.from_port = client.port, .flags = TCP_SYN));
}

static void a_segment_of_an_established_connection_is_claimed(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);
	int listener = server_listen(v, 80);

	client_open(&client);
	server_accept(listener);
	check_alone(v, AGENT_CLAIM_SOCKET, CLIENT_ACK(client), PAYLOAD(100));
	check_first_of_two(v, AGENT_CLAIM_SOCKET, CLIENT_ACK(client), PAYLOAD(100));
}

static void a_reset_of_an_established_connection_is_claimed(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);
	int listener = server_listen(v, 80);

	client_open(&client);
	server_accept(listener);
	check_first_of_two(v, AGENT_CLAIM_SOCKET, CLIENT_TCP(client, .flags = TCP_RST));
}

static void the_ack_of_a_half_open_connection_is_claimed(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);

	server_listen(v, 80);
	client_half_open(&client);
	check_first_of_two(v, AGENT_CLAIM_SOCKET, CLIENT_ACK(client));
}

/* It came before the handshake's ACK, or instead of it. */
static void the_first_data_of_a_half_open_connection_is_claimed(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);

	server_listen(v, 80);
	client_half_open(&client);
	client.sent += 1000;
	check_first_of_two(v, AGENT_CLAIM_SOCKET, CLIENT_ACK(client), PAYLOAD(100));
	check_first_of_two(v, AGENT_CLAIM_SOCKET, CLIENT_TCP(client, .flags = TCP_ACK | TCP_FIN));
}

/* A forged SYN of its ports has made a half-open one here, and it lives at another backend. */
static void a_segment_of_a_connection_elsewhere_is_not_claimed_by_a_half_open_one(void **state)
{
	static const uint8_t flags[] = {TCP_ACK, TCP_ACK | TCP_FIN, TCP_ACK | TCP_RST, TCP_ACK | TCP_SYN};
	int v = FAMILY(state);
	struct client client = client_new(v);

	server_listen(v, 80);
	client_half_open(&client);
	for (int i = 0; i < 2; i++) {
		client.received += i ? -2 : 1; /* numbers beside the one */
		for (size_t j = 0; j < sizeof(flags); j++)
			check_passed_on(v, CLIENT_TCP(client, .flags = flags[j]), PAYLOAD(10));
		check_unclaimed(v, CLIENT_ACK(client));
	}
}

/* No such segment is of any connection; the host would answer it with an ACK (RFC 9293, 3.10.7.4). */
static void a_segment_without_ack_is_not_claimed_by_a_half_open_connection(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);

	server_listen(v, 80);
	client_half_open(&client);
	check_passed_on(v, CLIENT_TCP(client, .flags = 0), PAYLOAD(10));
	check_passed_on(v, CLIENT_TCP(client, .flags = TCP_FIN));
}

/* A client that wants no connection answers the SYN-ACK so, or so (RFC 9293, 3.10.7.1 and 3.10.7.3). */
static void a_reset_that_answers_the_syn_ack_is_claimed_and_no_other(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v), beside;

	server_listen(v, 80);
	client_half_open(&client);
	beside = client;
	beside.sent++;
	check_first_of_two(v, AGENT_CLAIM_SOCKET, CLIENT_TCP(client, .flags = TCP_RST));
	check_first_of_two(v, AGENT_CLAIM_SOCKET, CLIENT_TCP(client, .flags = TCP_RST | TCP_ACK));
	check_passed_on(v, CLIENT_TCP(beside, .flags = TCP_RST));
}

/* Linux shows its request since 6.2; before, what may be of it is claimed. */
static void with_multipath_tcp_it_is_the_same(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);

	server_listen_multipath(v, 80);
	client_half_open(&client);
	check_first_of_two(v, AGENT_CLAIM_SOCKET, CLIENT_ACK(client));
	client.received++;
	if (kernel_has_function("bpf_rdonly_cast"))
		check_passed_on(v, CLIENT_ACK(client), PAYLOAD(10));
	else
		check_first_of_two(v, AGENT_CLAIM_SOCKET, CLIENT_ACK(client), PAYLOAD(10));
}

static void a_listener_alone_does_not_claim_a_segment(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);

	server_listen(v, 80);
	check_unclaimed(v, CLIENT_ACK(client), PAYLOAD(10));
	check_passed_on(v, CLIENT_ACK(client), PAYLOAD(10));
}

static void a_segment_that_must_be_taken_is_taken(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);

	server_listen(v, 80);
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST), FROM_CLIENT(v),
			    CLIENT_ACK(client)),
		      AGENT_CLAIM_MUST, FRAME(FROM_FABRIC, FROM_CLIENT(v), CLIENT_ACK(client)));
}

static void the_end_of_a_list_sends_what_it_does_not_hold_back(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);

	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1),
			    SRH(.segments = {BACKEND_1}), FROM_CLIENT(v), CLIENT_ACK(client)),
		      AGENT_UNCLAIMED,
		      FRAME(TO_FABRIC, BOUNCED, SRH(.segments = {BACKEND_1}), FROM_CLIENT(v),
			    CLIENT_ACK(client)));
}

static void an_ack_with_a_valid_syn_cookie_is_claimed(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);

	given_sysctl("ipv4/tcp_syncookies", "2");
	server_listen(v, 80);
	client_half_open(&client);
	check_first_of_two(v, AGENT_CLAIM_SYN_COOKIE, CLIENT_ACK(client));
}

static void an_ack_with_a_forged_syn_cookie_is_not_claimed(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);

	given_sysctl("ipv4/tcp_syncookies", "2");
	server_listen(v, 80);
	client_half_open(&client);
	client.received ^= 0x00555500;
	check_unclaimed(v, CLIENT_ACK(client));
}

/* The timestamps of an ACK: its echo is a backend's stamp. */
struct echo {
	uint8_t bytes[12];
};

static struct echo echo_of(const struct client *client, int backend)
{
	struct flow flow = flow_of(client->v, IPPROTO_TCP, client->vip_port);
	struct echo echo = {.bytes = {1, 1, 8, 10}};
	uint32_t stamp;

	flow.client_port = htons(client->port);
	stamp = htonl(cookie_encode(12345, backend, flow_hash(&flow, &agent_hash_key),
				    &agent_cookie_keys));
	memcpy(echo.bytes + 8, &stamp, sizeof(stamp));
	return echo;
}

#define ECHOES(client, echo)                                                                       \
	CLIENT_TCP(client, .flags = TCP_ACK, .bytes = (echo).bytes, .size = sizeof(echo))

/* The client has the SYN cookie of a service whose timestamps are stamped. */
static struct client client_with_syn_cookie(int v)
{
	struct client client = client_new(v);

	client.vip_port = 8000;
	given_sysctl("ipv4/tcp_syncookies", "2");
	server_listen(v, 8000);
	client_half_open(&client);
	return client;
}

static void an_ack_with_a_valid_syn_cookie_and_our_stamp_is_claimed(void **state)
{
	int v = FAMILY(state);
	struct client client = client_with_syn_cookie(v);
	struct echo echo = echo_of(&client, OWN_ID);

	check_first_of_two(v, AGENT_CLAIM_SYN_COOKIE, ECHOES(client, echo));
}

static void an_ack_with_a_valid_syn_cookie_and_no_timestamps_is_claimed(void **state)
{
	int v = FAMILY(state);
	struct client client = client_with_syn_cookie(v);

	check_first_of_two(v, AGENT_CLAIM_SYN_COOKIE, CLIENT_ACK(client));
}

/* Backends may share the secrets of SYN cookies; whose SYN-ACK it was, the stamp says. */
static void an_ack_with_a_valid_syn_cookie_and_anothers_stamp_is_not_claimed(void **state)
{
	int v = FAMILY(state);
	struct client client = client_with_syn_cookie(v);
	struct echo echo = echo_of(&client, OWN_ID + 1);

	check_passed_on(v, ECHOES(client, echo));
}

static void an_ack_with_a_valid_syn_cookie_and_no_stamp_is_not_claimed(void **state)
{
	int v = FAMILY(state);
	struct client client = client_with_syn_cookie(v);
	struct echo echo = echo_of(&client, OWN_ID);

	echo.bytes[11] ^= 1;
	check_passed_on(v, ECHOES(client, echo));
}

static void a_reset_with_a_valid_syn_cookie_is_not_claimed(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);

	given_sysctl("ipv4/tcp_syncookies", "2");
	server_listen(v, 80);
	client_half_open(&client);
	check_unclaimed(v, CLIENT_TCP(client, .flags = TCP_ACK | TCP_RST));
}

static struct client client_in_time_wait(int v)
{
	struct client client = client_new(v);
	int listener = server_listen(v, 80);

	client_open(&client);
	client_let_server_close(&client, server_accept(listener));
	return client;
}

static void a_connection_in_time_wait_is_claimed_by_the_only_segment(void **state)
{
	int v = FAMILY(state);
	struct client client = client_in_time_wait(v);

	check_alone(v, AGENT_CLAIM_TIME_WAIT, CLIENT_ACK(client));
}

/* The row stands for a pin that was not read, and may be wrong: the gateway goes on to ask the pin. */
static void a_connection_in_time_wait_is_no_claim_on_what_came_by_the_row(void **state)
{
	int v = FAMILY(state);
	struct client client = client_in_time_wait(v);

	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_ROW), FROM_CLIENT(v),
			    CLIENT_ACK(client)),
		      AGENT_UNCLAIMED,
		      FRAME(TO_FABRIC, BOUNCED_TO(UNCLAIMED_ROW_SID), FROM_CLIENT(v), CLIENT_ACK(client)));
}

static void a_connection_in_time_wait_is_passed_on_in_a_list(void **state)
{
	int v = FAMILY(state);
	struct client client = client_in_time_wait(v);

	check_passed_on(v, CLIENT_ACK(client));
}

static void a_connection_in_time_wait_must_be_taken_under_must(void **state)
{
	int v = FAMILY(state);
	struct client client = client_in_time_wait(v);

	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST),
			    SRH(.segments = {BACKEND_1_MUST}), FROM_CLIENT(v), CLIENT_ACK(client)),
		      AGENT_CLAIM_MUST, FRAME(FROM_FABRIC, FROM_CLIENT(v), CLIENT_ACK(client)));
}

static void a_syn_that_reuses_a_port_in_time_wait_is_claimed(void **state)
{
	int v = FAMILY(state);
	struct client client = client_in_time_wait(v);

	check_first_of_two(v, AGENT_CLAIM_SYN, CLIENT_TCP(client, .flags = TCP_SYN));
}

static void a_datagram_for_a_bound_socket_is_claimed(void **state)
{
	int v = FAMILY(state);

	server_bind_udp(v, 53);
	check_alone(v, AGENT_CLAIM_SOCKET, UDP(.to_port = 53), PAYLOAD(33));
	check_first_of_two(v, AGENT_CLAIM_SOCKET, UDP(.to_port = 53), PAYLOAD(33));
}

static void a_datagram_without_a_socket_is_taken_only_under_must(void **state)
{
	int v = FAMILY(state);

	check_unclaimed(v, UDP(.to_port = 53));
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST), FROM_CLIENT(v),
			    UDP(.to_port = 53)),
		      AGENT_CLAIM_MUST, FRAME(FROM_FABRIC, FROM_CLIENT(v), UDP(.to_port = 53)));
}

#define TOO_BIG(v) ICMP(.type = (v) ? 2 : 3, .code = (v) ? 0 : 4, .rest = 1400)

static void an_icmp_error_about_an_established_connection_is_claimed(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);
	int listener = server_listen(v, 80);
	struct frame quoted = FRAME(FROM_SERVER(v),
				    TCP(.from_port = 80, .to_port = client.port, .flags = TCP_ACK));

	client_open(&client);
	server_accept(listener);
	check_first_of_two(v, AGENT_CLAIM_SOCKET, TOO_BIG(v), BYTES(quoted.bytes, quoted.size));
}

static void an_icmp_error_about_a_half_open_connection_is_claimed_if_it_quotes_the_syn_ack(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);

	server_listen(v, 80);
	client_half_open(&client);
	for (int i = 0; i < 3; i++) {
		struct frame quoted = FRAME(FROM_SERVER(v),
					    TCP(.from_port = 80, .to_port = client.port,
						.sequence = client.received - i, .flags = TCP_ACK));

		if (i == 1)
			check_first_of_two(v, AGENT_CLAIM_SOCKET, TOO_BIG(v),
					   BYTES(quoted.bytes, (v ? 40 : 20) + 8));
		else
			check_passed_on(v, TOO_BIG(v), BYTES(quoted.bytes, quoted.size));
	}
}

static void an_icmp_error_about_an_unknown_connection_is_passed_on(void **state)
{
	int v = FAMILY(state);
	struct frame quoted = FRAME(FROM_SERVER(v),
				    TCP(.from_port = 80, .to_port = CLIENT_PORT, .flags = TCP_ACK));

	server_listen(v, 80);
	check_passed_on(v, TOO_BIG(v), BYTES(quoted.bytes, quoted.size));
	check_unclaimed(v, TOO_BIG(v), BYTES(quoted.bytes, quoted.size));
}

static void fragments_of_an_established_connection_are_claimed(void **state)
{
	int v = FAMILY(state);
	struct client client = client_new(v);
	int listener = server_listen(v, 80);
	struct frame first, later;

	client_open(&client);
	server_accept(listener);
	if (v == V6) {
		first = FRAME(FROM_CLIENT(V6), FRAGMENT(.id = 1, .more = true), CLIENT_ACK(client),
			      PAYLOAD(44));
		later = FRAME(FROM_CLIENT(V6), FRAGMENT(.id = 1, .offset = 64, .next = IPPROTO_TCP),
			      PAYLOAD(44));
	} else {
		first = FRAME(FROM_CLIENT(V4, .id = 1, .more = true), CLIENT_ACK(client),
			      PAYLOAD(44));
		later = FRAME(FROM_CLIENT(V4, .id = 1, .offset = 64, .next = IPPROTO_TCP),
			      PAYLOAD(44));
	}
	for (int i = 0; i < 2; i++) {
		const struct frame *inner = i ? &later : &first;
		int next = v == V6 ? IPPROTO_IPV6 : IPPROTO_IPIP, type = v == V6 ? 0x86dd : 0x0800;

		through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1, .next = next),
				    BYTES(inner->bytes, inner->size)),
			      AGENT_CLAIM_SOCKET,
			      FRAME(ETHERNET(.from = FABRIC_MAC, .to = OUR_MAC, .next = type),
				    BYTES(inner->bytes, inner->size)));
	}
}

static void a_later_fragment_without_a_first_is_dropped(void **state)
{
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1),
			    FROM_CLIENT(V4, .id = 2, .offset = 64, .next = IPPROTO_TCP),
			    PAYLOAD(44)),
		      AGENT_NO_FRAGMENT, NOTHING);
	through_agent(FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1), FROM_CLIENT(V6),
			    FRAGMENT(.id = 2, .offset = 64, .next = IPPROTO_TCP), PAYLOAD(44)),
		      AGENT_NO_FRAGMENT, NOTHING);
}

AGENT_TESTS(IN_BOTH(a_syn_for_a_listener_is_claimed),
	    IN_BOTH(a_syn_for_a_dual_stack_listener_is_claimed),
	    IN_BOTH(a_syn_without_listener_is_passed_on),
	    IN_BOTH(a_syn_for_a_listener_on_another_port_is_passed_on),
	    IN_BOTH(a_syn_that_must_be_taken_is_taken_without_a_listener),
	    IN_BOTH(a_syn_that_must_be_taken_is_taken_at_the_end_of_a_list),
	    IN_BOTH(a_syn_without_listener_and_without_must_goes_back),
	    IN_BOTH(a_retransmitted_syn_of_a_half_open_connection_is_claimed),
	    IN_BOTH(a_segment_of_an_established_connection_is_claimed),
	    IN_BOTH(a_reset_of_an_established_connection_is_claimed),
	    IN_BOTH(the_ack_of_a_half_open_connection_is_claimed),
	    IN_BOTH(the_first_data_of_a_half_open_connection_is_claimed),
	    IN_BOTH(a_segment_of_a_connection_elsewhere_is_not_claimed_by_a_half_open_one),
	    IN_BOTH(a_segment_without_ack_is_not_claimed_by_a_half_open_connection),
	    IN_BOTH(a_reset_that_answers_the_syn_ack_is_claimed_and_no_other),
	    IN_BOTH(with_multipath_tcp_it_is_the_same),
	    IN_BOTH(a_listener_alone_does_not_claim_a_segment),
	    IN_BOTH(a_segment_that_must_be_taken_is_taken),
	    IN_BOTH(the_end_of_a_list_sends_what_it_does_not_hold_back),
	    IN_BOTH(an_ack_with_a_valid_syn_cookie_is_claimed),
	    IN_BOTH(an_ack_with_a_forged_syn_cookie_is_not_claimed),
	    IN_BOTH(an_ack_with_a_valid_syn_cookie_and_our_stamp_is_claimed),
	    IN_BOTH(an_ack_with_a_valid_syn_cookie_and_no_timestamps_is_claimed),
	    IN_BOTH(an_ack_with_a_valid_syn_cookie_and_anothers_stamp_is_not_claimed),
	    IN_BOTH(an_ack_with_a_valid_syn_cookie_and_no_stamp_is_not_claimed),
	    IN_BOTH(a_reset_with_a_valid_syn_cookie_is_not_claimed),
	    IN_BOTH(a_connection_in_time_wait_is_claimed_by_the_only_segment),
	    IN_BOTH(a_connection_in_time_wait_is_no_claim_on_what_came_by_the_row),
	    IN_BOTH(a_connection_in_time_wait_is_passed_on_in_a_list),
	    IN_BOTH(a_connection_in_time_wait_must_be_taken_under_must),
	    IN_BOTH(a_syn_that_reuses_a_port_in_time_wait_is_claimed),
	    IN_BOTH(a_datagram_for_a_bound_socket_is_claimed),
	    IN_BOTH(a_datagram_without_a_socket_is_taken_only_under_must),
	    IN_BOTH(an_icmp_error_about_an_established_connection_is_claimed),
	    IN_BOTH(an_icmp_error_about_a_half_open_connection_is_claimed_if_it_quotes_the_syn_ack),
	    IN_BOTH(an_icmp_error_about_an_unknown_connection_is_passed_on),
	    IN_BOTH(fragments_of_an_established_connection_are_claimed),
	    ONCE(a_later_fragment_without_a_first_is_dropped))

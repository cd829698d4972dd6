/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/unit/planned.h"

#include "core/path.h"

#define WEB(backends) SERVICE("web", "198.51.100.80", "80", backends)
#define WEB_WITH_COOKIE                                                                            \
	"  web: {vips: [198.51.100.80], protocol: tcp, ports: 80, max-backends: 4, cookie: on, "   \
	"backends: {b1: {}, b2: {}, b3: {}}}\n"
#define WEB_WITHOUT_COOKIE                                                                         \
	"  web: {vips: [198.51.100.80], protocol: tcp, ports: 80, max-backends: 4, cookie: off, "  \
	"backends: {b1: {}, b2: {}, b3: {}}}\n"
#define DNS                                                                                        \
	"  dns: {vips: [198.51.100.80], protocol: udp, ports: 53, max-backends: 4, "               \
	"backends: {b1: {}, b2: {}}}\n"

static struct pin_bucket buckets[1 << PIN_BUCKET_BITS_MIN];
static const struct pin_table pins = {
	.buckets = buckets,
	.settings = {.bucket_bits = PIN_BUCKET_BITS_MIN, .timeouts = {[PIN_ESTABLISHED] = 100}},
};

static struct flow flow_of(uint8_t protocol, uint16_t client_port, uint16_t port)
{
	return (struct flow){
		.client = address_of("192.0.2.1"),
		.vip = address_of("198.51.100.80"),
		.client_port = htons(client_port),
		.vip_port = htons(port),
		.protocol = protocol,
	};
}

static struct path path_of(const struct fixture *fixture, uint8_t protocol, uint16_t client_port,
			   uint16_t port, enum path_packet packet)
{
	struct path_view view = {.tables = &fixture->tables, .pins = &pins, .key = &test_keys.flow};
	struct flow flow = flow_of(protocol, client_port, port);
	struct path path;

	path_find(&view, &flow, vips_word(&fixture->tables, &flow.vip), packet, &path);
	return path;
}

static void pin(uint8_t protocol, uint16_t client_port, uint16_t port, uint32_t service,
		uint16_t backend)
{
	struct flow flow = flow_of(protocol, client_port, port);

	assert_int_equal(pin_table_put(&pins, &flow, service, flow_hash(&flow, &test_keys.flow), 0,
				       backend),
			 0);
}

static void a_new_connection_is_picked_and_its_only_backend_must_take_it(void **state)
{
	const struct fixture *fixture = *state;
	struct path path;

	put(fixture, "g1", FLEET WEB_WITH_COOKIE);
	path = path_of(fixture, IPPROTO_TCP, 40000, 80, PATH_NEW);
	assert_int_equal(path.verdict, GATEWAY_PICKED);
	assert_int_equal(path.n_segments, 1);
	assert_int_equal(path.segments[0].bytes[SID_FLAGS_BYTE], SRV6_MUST);
}

/* Whatever its SYN offers: the connection is pinned at its router. */
static void without_cookies_a_new_connection_goes_through_its_router(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "g1", FLEET WEB_WITHOUT_COOKIE);
	for (uint16_t port = 1; port < 100; port++) {
		struct path new = path_of(fixture, IPPROTO_TCP, port, 80, PATH_NEW);
		struct path bare = path_of(fixture, IPPROTO_TCP, port, 80, PATH_NEW_BARE);

		assert_int_not_equal(new.verdict, GATEWAY_PICKED);
		assert_int_equal(new.verdict, bare.verdict);
		assert_int_equal(new.segments[0].bytes[SID_FLAGS_BYTE], SRV6_MUST);
	}
}

/* Which backend of the cookie's a segment of this flow goes to; 0: its cookie is nobody's. */
static uint16_t by_cookie(const struct fixture *fixture, int backend, const char *text)
{
	static const struct cookie_keys cookies = {.epochs = {{{1, 2}}}, .live = 1};
	const struct path_view view = {
		.tables = &fixture->tables, .key = &test_keys.flow, .cookie = &cookies};
	struct flow flow = {
		.client = address_of("192.0.2.1"),
		.vip = address_of("198.51.100.80"),
		.client_port = htons(40000),
		.vip_port = htons(80),
		.protocol = IPPROTO_TCP,
	};
	uint32_t tsecr = cookie_encode(99, backend, flow_hash(&flow, view.key), &cookies);
	struct path path;

	put(fixture, "g1", text);
	path = path_of(fixture, IPPROTO_TCP, 40000, 80, PATH_MIDWAY);
	if (!path_may_have_cookie(&view, &path, PATH_MIDWAY) ||
	    !path_by_cookie(&view, &flow, tsecr, &path))
		return 0;
	assert_int_equal(path.verdict, GATEWAY_COOKIE);
	assert_int_equal(path.n_segments, 1);
	assert_int_equal(path.segments[0].bytes[SID_FLAGS_BYTE], SRV6_BY_COOKIE);
	return path.backends[0];
}

static void a_segment_goes_to_the_backend_that_its_cookie_names(void **state)
{
	assert_int_equal(by_cookie(*state, 3, FLEET WEB_WITH_COOKIE), 3);
	assert_int_equal(by_cookie(*state, 1, FLEET WEB_WITH_COOKIE), 1);
}

static void a_cookie_that_is_no_members_or_no_services_is_nobodys(void **state)
{
	assert_int_equal(by_cookie(*state, 4, FLEET WEB_WITH_COOKIE), 0);
	assert_int_equal(by_cookie(*state, 77, FLEET WEB_WITH_COOKIE), 0);
	assert_int_equal(by_cookie(*state, 3, FLEET WEB_WITHOUT_COOKIE), 0);
}

static void a_new_connection_has_no_cookie_to_follow(void **state)
{
	const struct fixture *fixture = *state;
	const struct path_view view = {.tables = &fixture->tables};
	struct path path;

	put(fixture, "g1", FLEET WEB_WITH_COOKIE);
	path = path_of(fixture, IPPROTO_TCP, 40000, 80, PATH_NEW);
	assert_false(path_may_have_cookie(&view, &path, PATH_NEW));
}

static void gateways_agree_on_backend_and_router(void **state)
{
	const struct fixture *fixture = *state;
	struct tables others = tables_new();
	struct fixture other = {.tables = others, .fib = fixture->fib};

	put(fixture, "g1", FLEET WEB("b1: {}, b2: {}, b3: {}"));
	put(&other, "g2", FLEET WEB("b1: {}, b2: {}, b3: {}"));
	for (uint16_t port = 1; port < 500; port++) {
		struct path here = path_of(fixture, IPPROTO_TCP, port, 80, PATH_MIDWAY);
		struct path there = path_of(&other, IPPROTO_TCP, port, 80, PATH_MIDWAY);

		assert_int_equal(here.row, there.row);
		assert_int_equal(here.backends[0], there.backends[0]);
		assert_int_equal(fixture->tables.routers[here.router].identity,
				 other.tables.routers[there.router].identity);
		/* Whoever is not the router hands over to the one who is. */
		assert_int_not_equal(here.verdict, there.verdict);
	}
	tables_free(&others);
}

static void after_a_change_a_connection_is_looked_for_at_both_backends(void **state)
{
	const struct fixture *fixture = *state;
	struct path path;

	put(fixture, "g1", FLEET WEB("b1: {}"));
	put(fixture, "g1", FLEET WEB("b2: {}"));
	path = path_of(fixture, IPPROTO_TCP, 40000, 80, PATH_MIDWAY);
	assert_int_equal(path.n_segments, 2);
	assert_int_equal(path.backends[0], 2);
	assert_int_equal(path.backends[1], 1);
	assert_int_equal(path.segments[1].bytes[SID_FLAGS_BYTE], 0);
}

static void a_datagram_has_one_backend_whatever_changed(void **state)
{
	const struct fixture *fixture = *state;
	struct path path;

	put(fixture, "g1", FLEET WEB("b1: {}") DNS);
	path = path_of(fixture, IPPROTO_UDP, 40000, 53, PATH_NEW);
	assert_int_equal(path.verdict, GATEWAY_PICKED);
	assert_int_equal(path.n_segments, 1);
}

static void an_unknown_port_has_no_service_and_an_unknown_address_is_not_ours(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "g1", FLEET WEB("b1: {}"));
	assert_int_equal(path_of(fixture, IPPROTO_TCP, 40000, 81, PATH_NEW).verdict,
			 GATEWAY_NO_SERVICE);
	put(fixture, "g1", FLEET SERVICE("web", "198.51.100.81", "80", "b1: {}"));
	assert_int_equal(path_of(fixture, IPPROTO_TCP, 40000, 80, PATH_NEW).verdict,
			 GATEWAY_NOT_OURS);
}

static void without_an_open_backend_there_is_none(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "g1", FLEET WEB("b1: {enabled: false}"));
	assert_int_equal(path_of(fixture, IPPROTO_TCP, 40000, 80, PATH_NEW).verdict,
			 GATEWAY_NO_BACKEND);
}

static void it_tells_which_replies_come_through_a_gateway(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "g1", FLEET WEB_WITH_COOKIE DNS);
	assert_int_equal(path_of(fixture, IPPROTO_TCP, 40000, 80, PATH_NEW).replies, PATH_DIRECT);
	assert_int_equal(path_of(fixture, IPPROTO_TCP, 40000, 80, PATH_NEW_BARE).replies,
			 PATH_FIRST_PINS);
	assert_int_equal(path_of(fixture, IPPROTO_TCP, 40000, 80, PATH_MIDWAY).replies, PATH_DIRECT);
	assert_int_equal(path_of(fixture, IPPROTO_UDP, 40000, 53, PATH_NEW).replies, PATH_DIRECT);
	put(fixture, "g1", FLEET WEB_WITHOUT_COOKIE);
	assert_int_equal(path_of(fixture, IPPROTO_TCP, 40000, 80, PATH_NEW).replies, PATH_FIRST_PINS);
	put(fixture, "g1",
	    FLEET "  web: {vips: [198.51.100.80], protocol: tcp, ports: 80, max-backends: 4, "
		  "return: gateway, backends: {b1: {}}}\n");
	assert_int_equal(path_of(fixture, IPPROTO_TCP, 40000, 80, PATH_NEW).replies, PATH_BY_GATEWAY);
	assert_int_equal(path_of(fixture, IPPROTO_TCP, 40000, 80, PATH_MIDWAY).replies,
			 PATH_BY_GATEWAY);
}

/* A client's port whose flow this gateway routes. */
static uint16_t port_routed_here(const struct fixture *fixture, uint16_t port)
{
	while (path_of(fixture, IPPROTO_TCP, port, 80, PATH_MIDWAY).verdict == GATEWAY_TO_ROUTER)
		port++;
	return port;
}

static void a_pinned_connection_goes_to_its_backend_which_may_send_it_back(void **state)
{
	const struct fixture *fixture = *state;
	struct path path;
	uint16_t port;

	put(fixture, "g1", FLEET WEB("b1: {}, b2: {enabled: false}"));
	port = port_routed_here(fixture, 41000);
	path = path_of(fixture, IPPROTO_TCP, port, 80, PATH_MIDWAY);
	assert_int_equal(path.verdict, GATEWAY_CANDIDATES);
	pin(IPPROTO_TCP, port, 80, path.service, 2);
	path = path_of(fixture, IPPROTO_TCP, port, 80, PATH_MIDWAY);
	assert_int_equal(path.verdict, GATEWAY_PIN);
	assert_int_equal(path.backends[0], 2);
	assert_int_equal(path.segments[0].bytes[SID_FLAGS_BYTE], SRV6_BY_PIN);
	path = path_of(fixture, IPPROTO_TCP, port, 80, PATH_NEW_BARE);
	assert_int_equal(path.verdict, GATEWAY_CANDIDATES);
	assert_int_equal(path.backends[0], 1);
}

static void a_pin_to_a_removed_backend_leads_nowhere(void **state)
{
	const struct fixture *fixture = *state;
	uint16_t port;

	put(fixture, "g1", FLEET WEB("b1: {}"));
	port = port_routed_here(fixture, 42000);
	pin(IPPROTO_TCP, port, 80, path_of(fixture, IPPROTO_TCP, port, 80, PATH_MIDWAY).service, 3);
	assert_int_equal(path_of(fixture, IPPROTO_TCP, port, 80, PATH_MIDWAY).verdict,
			 GATEWAY_CANDIDATES);
}

static void connections_without_agents_are_pinned_at_their_router(void **state)
{
	const struct fixture *fixture = *state;
	struct path path;
	uint16_t port;

	put(fixture, "g1", FLEET WEB("b4: {}"));
	port = port_routed_here(fixture, 43000);
	assert_int_equal(path_of(fixture, IPPROTO_TCP, port, 80, PATH_NEW).verdict, GATEWAY_PIN_NEW);
	path = path_of(fixture, IPPROTO_TCP, port, 80, PATH_MIDWAY);
	assert_int_equal(path.verdict, GATEWAY_PIN_MIDWAY);
	pin(IPPROTO_TCP, port, 80, path.service, 4);
	path = path_of(fixture, IPPROTO_TCP, port, 80, PATH_MIDWAY);
	assert_int_equal(path.verdict, GATEWAY_PIN);
	assert_int_equal(path.segments[0].bytes[SID_FLAGS_BYTE], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_new_connection_is_picked_and_its_only_backend_must_take_it),
		FIXTURE_TEST(a_segment_goes_to_the_backend_that_its_cookie_names),
		FIXTURE_TEST(a_cookie_that_is_no_members_or_no_services_is_nobodys),
		FIXTURE_TEST(a_new_connection_has_no_cookie_to_follow),
		FIXTURE_TEST(without_cookies_a_new_connection_goes_through_its_router),
		FIXTURE_TEST(it_tells_which_replies_come_through_a_gateway),
		FIXTURE_TEST(gateways_agree_on_backend_and_router),
		FIXTURE_TEST(after_a_change_a_connection_is_looked_for_at_both_backends),
		FIXTURE_TEST(a_datagram_has_one_backend_whatever_changed),
		FIXTURE_TEST(an_unknown_port_has_no_service_and_an_unknown_address_is_not_ours),
		FIXTURE_TEST(without_an_open_backend_there_is_none),
		FIXTURE_TEST(a_pinned_connection_goes_to_its_backend_which_may_send_it_back),
		FIXTURE_TEST(a_pin_to_a_removed_backend_leads_nowhere),
		FIXTURE_TEST(connections_without_agents_are_pinned_at_their_router),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

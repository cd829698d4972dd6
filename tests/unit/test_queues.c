/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/queues.h"
#include "tests/unit/planned.h"

static struct config *config;
static struct plan *plan;
static struct queues *queues;

enum { WEB, ALT, DNS };

static int begin(void **state)
{
	config = config_of(FLEET SERVICE("web", "198.51.100.80, 2001:db8::80", "80", "b1: {}")
				   SERVICE("alt", "198.51.100.0/24", "8000-8099", "b1: {}")
			   "  dns: {vips: [198.51.100.80], protocol: udp, ports: 80, backends: {b1: {}}}\n");
	return plan_agent(config, config_backend(config, "b1"), &plan) < 0 ||
	       queues_new(plan, &queues) < 0;
}

static int end(void **state)
{
	queues = queues_free(queues);
	plan = plan_free(plan);
	config = config_free(config);
	return 0;
}

static void listens(const char *address, uint16_t port, uint32_t waiting, uint32_t room)
{
	union address local;

	assert_int_equal(address_parse(address, &local), 0);
	queues_add(queues, &local, port, waiting, room);
}

static int share_of(size_t service)
{
	uint16_t share;

	return queues_of(queues, service, &share) ? share : -1;
}

static void a_queue_is_as_full_as_all_that_share_the_connections(void **state)
{
	queues_begin(queues);
	listens("198.51.100.80", 80, 0, 128);
	listens("198.51.100.80", 80, 32, 128);
	assert_int_equal(share_of(WEB), -1); /* the look is not over */
	queues_end(queues);
	assert_int_equal(share_of(WEB), 125);
	queues_begin(queues);
	listens("198.51.100.80", 80, 129, 128); /* the kernel lets one more in */
	queues_end(queues);
	assert_int_equal(share_of(WEB), 1000);
}

static void who_listens_everywhere_listens_for_every_service_of_the_port(void **state)
{
	queues_begin(queues);
	listens("::", 80, 1, 10);
	listens("0.0.0.0", 8099, 2, 10);
	queues_end(queues);
	assert_int_equal(share_of(WEB), 100);
	assert_int_equal(share_of(ALT), 200);
	assert_int_equal(share_of(DNS), -1);
}

static void who_listens_elsewhere_does_not(void **state)
{
	queues_begin(queues);
	listens("127.0.0.1", 80, 1, 10);
	listens("198.51.100.80", 81, 1, 10);
	listens("198.51.101.1", 8000, 1, 10);
	queues_end(queues);
	assert_int_equal(share_of(WEB), -1);
	assert_int_equal(share_of(ALT), -1);
}

static void gone_is_only_who_was_there(void **state)
{
	queues_begin(queues);
	queues_end(queues);
	assert_false(queues_gone(queues, WEB));
	queues_begin(queues);
	listens("2001:db8::80", 80, 0, 0);
	queues_end(queues);
	assert_int_equal(share_of(WEB), 0);
	assert_false(queues_gone(queues, WEB));
	queues_begin(queues);
	assert_false(queues_gone(queues, WEB)); /* the look is not over */
	queues_end(queues);
	assert_true(queues_gone(queues, WEB));
	assert_false(queues_gone(queues, ALT));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_queue_is_as_full_as_all_that_share_the_connections),
		TEST(who_listens_everywhere_listens_for_every_service_of_the_port),
		TEST(who_listens_elsewhere_does_not),
		TEST(gone_is_only_who_was_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

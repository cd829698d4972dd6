/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which service a connection belongs to, and how often they are counted. */
#include "core/census.h"

#include "tests/unit/planned.h"

static struct planned agents_plan(const char *text)
{
	struct planned planned = {.config = config_of(text)};

	assert_int_equal(plan_agent(planned.config, config_backend(planned.config, "b1"), &planned.plan),
			 0);
	return planned;
}

static size_t service(const struct planned *planned, const char *name)
{
	for (size_t i = 0; i < planned->plan->n_services; i++)
		if (strcmp(planned->plan->services[i].config->name, name) == 0)
			return i;
	fail_msg("no service %s", name);
	return 0;
}

static void add(struct census *census, const char *local, uint16_t port)
{
	union address address;

	assert_int_equal(address_parse(local, &address), 0);
	census_add(census, &address, port, -1);
}

static uint32_t of(const struct census *census, const struct planned *planned, const char *name)
{
	uint32_t n = 0;

	assert_true(census_of(census, service(planned, name), &n));
	return n;
}

static void a_connection_is_of_the_service_that_its_packets_go_to(void **state)
{
	struct planned planned = agents_plan(
		FLEET SERVICE("web", "198.51.100.80, \"2001:db8::80\"", "80", "b1: {}")
		      SERVICE("range", "198.51.100.80", "8000-8099", "b1: {}")
		      SERVICE("exact", "198.51.100.80", "8042", "b1: {}")
		      SERVICE("net", "198.51.100.0/24", "80", "b1: {}")
		      SERVICE("wide", "198.51.0.0/16", "80", "b1: {}"));
	struct census *census;

	assert_int_equal(census_new(planned.plan, &census), 0);
	census_begin(census);
	add(census, "198.51.100.80", 80);
	add(census, "2001:db8::80", 80);
	add(census, "198.51.100.80", 8000);
	add(census, "198.51.100.80", 8042);
	add(census, "198.51.100.80", 8099);
	add(census, "198.51.100.81", 80);
	add(census, "198.51.7.1", 80);
	add(census, "198.51.100.80", 443);  /* nobody's port */
	add(census, "203.0.113.1", 80);	    /* nobody's address */
	census_end(census);
	assert_int_equal(of(census, &planned, "web"), 2);
	assert_int_equal(of(census, &planned, "range"), 2);
	assert_int_equal(of(census, &planned, "exact"), 1);
	assert_int_equal(of(census, &planned, "net"), 1);
	assert_int_equal(of(census, &planned, "wide"), 1);
	census_free(census);
	planned_free(&planned);
}

static void what_a_walk_counts_is_known_at_its_end(void **state)
{
	struct planned planned = agents_plan(FLEET SERVICE("web", "198.51.100.80", "80", "b1: {}"));
	struct census *census;
	uint32_t n;

	assert_int_equal(census_new(planned.plan, &census), 0);
	census_begin(census);
	add(census, "198.51.100.80", 80);
	assert_false(census_of(census, 0, &n));
	census_begin(census); /* the first walk was given up */
	add(census, "198.51.100.80", 80);
	add(census, "198.51.100.80", 80);
	census_end(census);
	assert_int_equal(of(census, &planned, "web"), 2);
	census_begin(census);
	add(census, "198.51.100.80", 80);
	assert_int_equal(of(census, &planned, "web"), 2);
	census_end(census);
	assert_int_equal(of(census, &planned, "web"), 1);
	census_begin(census);
	census_end(census);
	assert_int_equal(of(census, &planned, "web"), 0);
	census_free(census);
	planned_free(&planned);
}

static void datagrams_are_no_connections(void **state)
{
	struct planned planned = agents_plan(
		FLEET "  dns: {vips: [198.51.100.53], protocol: udp, ports: 53, backends: {b1: {}}}\n");
	struct census *census;
	uint32_t n;

	assert_int_equal(census_new(planned.plan, &census), 0);
	census_begin(census);
	census_end(census);
	assert_false(census_of(census, 0, &n));
	census_free(census);
	planned_free(&planned);
}

static void walks_take_a_fiftieth_of_a_cpu_at_most(void **state)
{
	assert_int_equal(census_pause_us(0), 1000000);
	assert_int_equal(census_pause_us(2000), 1000000);
	assert_int_equal(census_pause_us(100000), 5000000);
}

static void the_epochs_that_connections_carry_are_counted_by_their_bit(void **state)
{
	struct planned planned = agents_plan(FLEET SERVICE("web", "198.51.100.80", "80", "b1: {}"));
	uint32_t marks[COOKIE_EPOCHS];
	struct census *census;
	union address web;

	assert_int_equal(address_parse("198.51.100.80", &web), 0);
	assert_int_equal(census_new(planned.plan, &census), 0);
	assert_false(census_marks(census, marks));
	census_begin(census);
	census_add(census, &web, 80, 0x0001);
	census_add(census, &web, 80, 0x8001);
	census_add(census, &web, 80, 0xffff);
	census_add(census, &web, 80, -1);     /* carries none */
	census_add(census, &web, 81, 0x8001); /* nobody's */
	census_end(census);
	assert_true(census_marks(census, marks));
	assert_int_equal(marks[0], 1);
	assert_int_equal(marks[1], 2);
	census_begin(census);
	census_end(census);
	assert_true(census_marks(census, marks));
	assert_int_equal(marks[0] + marks[1], 0);
	census_free(census);
	planned_free(&planned);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_of_the_service_that_its_packets_go_to),
		cmocka_unit_test(what_a_walk_counts_is_known_at_its_end),
		cmocka_unit_test(datagrams_are_no_connections),
		cmocka_unit_test(walks_take_a_fiftieth_of_a_cpu_at_most),
		cmocka_unit_test(the_epochs_that_connections_carry_are_counted_by_their_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

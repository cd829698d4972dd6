/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ways of others, as plans for our programs and tables. */
#include <errno.h>

#include "core/scheme.h"
#include "tests/unit/planned.h"

#define WITH(members) SERVICE("web", "198.51.100.80", "80", members)
#define THREE "b1: {}, b2: {}, b3: {}"

static struct planned plan_as(enum scheme scheme, const char *text)
{
	struct planned planned = plan_of("g2", text);

	planned.plan->services[0].flags |= SERVICE_COOKIE;
	assert_int_equal(scheme_apply(scheme, planned.plan), 0);
	return planned;
}

static uint32_t flags_as(enum scheme scheme)
{
	struct planned planned = plan_as(scheme, FLEET WITH(THREE));
	uint32_t flags = planned.plan->services[0].flags;

	planned_free(&planned);
	return flags;
}

/* Candidates after four pools, each unlike the others. */
static uint32_t generations_as(enum scheme scheme, const struct fixture *fixture)
{
	static const char *const pools[] = {FLEET WITH("b1: {}"), FLEET WITH("b2: {}"),
					    FLEET WITH("b3: {}"), FLEET WITH("b1: {}, b2: {}")};
	uint32_t number = 0;

	for (size_t i = 0; i < sizeof(pools) / sizeof(*pools); i++) {
		struct planned planned = plan_as(scheme, pools[i]);

		apply(&fixture->tables, planned.plan, fixture->fib);
		number = tables_service_number(&fixture->tables,
					       planned.plan->services[0].identity);
		planned_free(&planned);
	}
	return rows_count(fixture->tables.services[number].rows.banks);
}

static void our_own_plan_stays_as_it_is(void **state)
{
	struct planned planned = plan_as(SCHEME_HOLDFAST, FLEET WITH(THREE));

	assert_int_equal(planned.plan->services[0].flags, SERVICE_COOKIE);
	assert_int_equal(planned.plan->n_routers, 2);
	planned_free(&planned);
	assert_int_equal(generations_as(SCHEME_HOLDFAST, *state), 3);
}

static void a_hash_alone_knows_the_newest_rows_only(void **state)
{
	assert_int_equal(generations_as(SCHEME_HASH, *state), 1);
	assert_int_equal(flags_as(SCHEME_HASH), SERVICE_ONE_WAY);
}

static void a_second_chance_is_one(void **state)
{
	assert_int_equal(generations_as(SCHEME_SECOND_CHANCE, *state), 2);
	assert_int_equal(flags_as(SCHEME_SECOND_CHANCE), SERVICE_ONE_WAY);
}

static void a_table_keeps_flows_from_their_first_packet(void **state)
{
	assert_int_equal(generations_as(SCHEME_TABLE, *state), 1);
	assert_int_equal(flags_as(SCHEME_TABLE), SERVICE_ONE_WAY | SERVICE_STICKY);
}

static void cheetah_alone_keeps_the_cookie_and_its_clock_has_no_bound(void **state)
{
	assert_int_equal(flags_as(SCHEME_CHEETAH), SERVICE_ONE_WAY | SERVICE_COOKIE);
	assert_true(scheme_has_plain_clock(SCHEME_CHEETAH));
	assert_false(scheme_has_plain_clock(SCHEME_HOLDFAST));
}

static void others_gateways_route_alone(void **state)
{
	const struct fixture *fixture = *state;
	struct planned planned = plan_as(SCHEME_HASH, FLEET WITH(THREE));
	const struct plan *plan = planned.plan;

	assert_int_equal(plan->n_routers, 1);
	assert_string_equal(plan->routers[0].name, "g2");
	for (uint32_t row = 0; row < plan->router_size; row++)
		assert_int_equal(plan->router_rows[row], 1);
	apply(&fixture->tables, plan, fixture->fib);
	planned_free(&planned);
}

static void a_name_that_is_none_is_answered_with_those_that_are(void **state)
{
	char complaint[320];
	enum scheme scheme;

	assert_int_equal(scheme_named("hash+table", &scheme, complaint), 0);
	assert_int_equal(scheme, SCHEME_TABLE);
	assert_int_equal(scheme_named("chetah", &scheme, complaint), -EINVAL);
	assert_string_equal(complaint, "did you mean cheetah?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(our_own_plan_stays_as_it_is),
		FIXTURE_TEST(a_hash_alone_knows_the_newest_rows_only),
		FIXTURE_TEST(a_second_chance_is_one),
		FIXTURE_TEST(a_table_keeps_flows_from_their_first_packet),
		FIXTURE_TEST(cheetah_alone_keeps_the_cookie_and_its_clock_has_no_bound),
		FIXTURE_TEST(others_gateways_route_alone),
		FIXTURE_TEST(a_name_that_is_none_is_answered_with_those_that_are),
	};

	return cmocka_run_group_tests_name("scheme", tests, NULL, NULL);
}

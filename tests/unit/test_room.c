/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>

#include "core/room.h"
#include "tests/unit/planned.h"

#define MANY 300 /* services of 1009 rows each are more than the least map has */

/* Many services, whose names begin with `name`, with `max_backends * 100` rows or some more. */
static struct planned plan_fleet(const char *fleet, const char *name, const char *backends, int many,
				 int max_backends)
{
	size_t size = 256 << 10, used;
	char *text = malloc(size);
	struct planned planned;

	used = snprintf(text, size, "%s", fleet);
	for (int i = 1; i <= many; i++)
		used += snprintf(text + used, size - used,
				 "  %s%d: {vips: [198.51.100.1], protocol: tcp, ports: %d, "
				 "max-backends: %d, backends: {%s}}\n",
				 name, i, i, max_backends, backends);
	assert_true(used < size);
	planned = plan_of("g1", text);
	free(text);
	return planned;
}

/* Of one site. */
static struct planned plan_many(const char *name, int many, int max_backends)
{
	return plan_fleet(FLEET, name, "b1: {}", many, max_backends);
}

/* As a daemon with larger maps: all that stood stands where it did. */
static void grow(struct tables *tables, const struct plan_sizes *sizes)
{
	uint64_t *rows = calloc(sizes->rows, sizeof(*rows));
	uint64_t *members = calloc(sizes->services * MEMBER_WORDS, sizeof(*members));

	assert_true(sizes->rows >= tables->n_rows && sizes->services >= tables->n_services);
	memcpy(rows, tables->rows, tables->n_rows * sizeof(*rows));
	memcpy(members, tables->members, tables->n_services * MEMBER_WORDS * sizeof(*members));
	free(tables->rows);
	free(tables->members);
	tables->rows = rows;
	tables->members = members;
	tables->n_rows = sizes->rows;
	tables->n_services = sizes->services;
}

/* Makes room where it must, and applies. */
static struct plan_sizes bring(struct fixture *fixture, const struct plan *plan)
{
	struct tables *tables = &fixture->tables;
	struct plan_sizes sizes = room_sizes(tables, plan);

	if (sizes.rows > tables->n_rows || sizes.services > tables->n_services)
		grow(tables, &(struct plan_sizes){
				     sizes.rows > tables->n_rows ? sizes.rows : tables->n_rows,
				     sizes.services > tables->n_services ? sizes.services
									 : tables->n_services});
	apply(tables, plan, fixture->fib);
	return sizes;
}

static void bring_many(struct fixture *fixture, const char *name, int many, int max_backends)
{
	struct planned planned = plan_many(name, many, max_backends);

	bring(fixture, planned.plan);
	planned_free(&planned);
}

static void empty_tables_are_as_large_as_the_plan_asks(void **state)
{
	struct fixture *fixture = *state;
	struct planned planned = plan_many("s", MANY, 10);
	struct plan_sizes alone = plan_sizes(planned.plan);
	struct plan_sizes sizes = room_sizes(&fixture->tables, planned.plan);

	assert_int_equal(sizes.rows, alone.rows);
	assert_int_equal(sizes.services, alone.services);
	planned_free(&planned);
}

static void what_stands_already_needs_no_more_room(void **state)
{
	struct fixture *fixture = *state;
	struct planned planned = plan_many("s", MANY, 10);
	struct plan_sizes first = bring(fixture, planned.plan);
	struct plan_sizes again = room_sizes(&fixture->tables, planned.plan);

	assert_int_equal(again.rows, first.rows);
	assert_int_equal(again.services, first.services);
	planned_free(&planned);
}

static void services_that_are_all_renamed_stand_beside_the_former_ones(void **state)
{
	struct fixture *fixture = *state;
	uint32_t rows;

	bring_many(fixture, "old", MANY, 10);
	rows = fixture->tables.n_rows;
	assert_true(rows < 2 * MANY * 1009);
	bring_many(fixture, "new", MANY, 10);
	assert_true(fixture->tables.n_rows >= 2 * MANY * 1009);
}

static void more_rows_for_all_services_stand_beside_the_former_ones(void **state)
{
	struct fixture *fixture = *state;

	bring_many(fixture, "s", MANY, 10);
	bring_many(fixture, "s", MANY, 15);
	bring_many(fixture, "s", MANY, 12);
	bring_many(fixture, "s", MANY, 30);
}

static void numbers_are_for_the_services_that_go_too(void **state)
{
	struct fixture *fixture = *state;

	bring_many(fixture, "old", 700, 1);
	assert_int_equal(fixture->tables.n_services, SERVICES_MIN);
	bring_many(fixture, "new", 700, 1);
	assert_int_equal(fixture->tables.n_services, 2 * SERVICES_MIN);
}

static void tables_do_not_grow_for_ever_with_names_that_change(void **state)
{
	struct fixture *fixture = *state;
	const struct tables *tables = &fixture->tables;

	for (char name[] = "a"; name[0] <= 'h'; name[0]++)
		bring_many(fixture, name, MANY, name[0] % 2 ? 10 : 12);
	assert_in_range(tables->n_rows, 2 * MANY * 1009, 4 * MANY * 1213);
	assert_int_equal(tables->n_services, SERVICES_MIN);
}

static struct planned plan_two_sites(const char *name)
{
	return plan_fleet(TWO_SITES_FLEET "services:\n", name, "b1: {}, b3: {}", MANY, 10);
}

/* A share of each service goes to the other site, so what comes from there has rows of its own. */
static void share_all(const struct planned *planned)
{
	static const struct policy_shares shares = {.keep = 800, .sites = {200}};

	for (size_t i = 0; i < planned->plan->n_services; i++) {
		struct plan_service *service = &planned->plan->services[i];

		service->wanted = shares;
		assert_int_equal(plan_healthy_members(planned->plan, service, (const bool[]){1, 1},
						      NULL),
				 0);
		assert_non_null(service->home);
	}
}

/* That a policy moves connections turns out when the maps have their size. */
static void rows_for_other_sites_have_room_beside_the_former_ones_of_all_services(void **state)
{
	struct fixture *fixture = *state;
	struct planned old = plan_two_sites("old");
	struct planned new = plan_two_sites("new");
	struct plan_sizes sizes = room_sizes(&fixture->tables, old.plan);

	grow(&fixture->tables, &sizes);
	share_all(&old);
	apply(&fixture->tables, old.plan, fixture->fib);
	sizes = room_sizes(&fixture->tables, new.plan);
	grow(&fixture->tables, &sizes);
	share_all(&new);
	apply(&fixture->tables, new.plan, fixture->fib);
	planned_free(&old);
	planned_free(&new);
}

/* Nothing of a plan that does not fit is in the tables. */
static void a_plan_without_room_is_refused_and_changes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct tables *tables = &fixture->tables;
	struct planned old = plan_many("old", MANY, 10), new = plan_many("new", MANY, 10);
	uint64_t words[1];
	struct service before[2];

	bring(fixture, old.plan);
	memcpy(before, tables->services, sizeof(before));
	new.plan->backends[1].sids[0] = address_of("fd48:0:0:999::");
	assert_int_equal(room_holds(tables, new.plan), -ENOSPC);
	assert_int_equal(tables_apply(tables, new.plan, fixture->fib, words), -ENOSPC);
	assert_memory_equal(before, tables->services, sizeof(before));
	assert_false(address_equal(&tables->backends[2].sids[0], &new.plan->backends[1].sids[0]));
	assert_int_equal(tables_service_number(tables, new.plan->services[0].identity), 0);
	planned_free(&old);
	planned_free(&new);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(empty_tables_are_as_large_as_the_plan_asks),
		FIXTURE_TEST(what_stands_already_needs_no_more_room),
		FIXTURE_TEST(services_that_are_all_renamed_stand_beside_the_former_ones),
		FIXTURE_TEST(more_rows_for_all_services_stand_beside_the_former_ones),
		FIXTURE_TEST(numbers_are_for_the_services_that_go_too),
		FIXTURE_TEST(tables_do_not_grow_for_ever_with_names_that_change),
		FIXTURE_TEST(rows_for_other_sites_have_room_beside_the_former_ones_of_all_services),
		FIXTURE_TEST(a_plan_without_room_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

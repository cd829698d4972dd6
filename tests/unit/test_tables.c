/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>

#include "tests/unit/planned.h"

#define WEB(backends) SERVICE("web", "198.51.100.80", "80", backends)
#define ALL "b1: {}, b2: {}, b3: {}"

static void a_vip_leads_to_rows_and_rows_to_backends_with_next_hops(void **state)
{
	const struct fixture *fixture = *state;
	const struct service *web;
	uint16_t id;

	put(fixture, "g1", FLEET WEB(ALL));
	web = service_at(fixture, "198.51.100.80");
	assert_int_equal(rows_count(web->rows.banks), 1);
	id = tables_row(&fixture->tables, &web->rows, 0, 17);
	assert_in_range(id, 1, 3);
	assert_int_equal(fixture->tables.backends[id].next_hops & 0xff, 1);
	assert_int_equal(
		fixture->tables.next_hops[fixture->tables.backends[id].next_hops >> 8].ifindex, 7);
}

static void the_rows_of_a_new_service_agree_in_all_places(void **state)
{
	const struct fixture *fixture = *state;
	const struct service *web;

	put(fixture, "g1", FLEET WEB(ALL));
	web = service_at(fixture, "198.51.100.80");
	for (uint32_t row = 0; row < web->rows.size; row++) {
		uint64_t places = fixture->tables.rows[web->rows.first + row];

		assert_true((uint16_t)places);
		assert_true(places == (uint16_t)places * ROW_ALL_PLACES);
	}
}

static void applying_the_same_again_makes_no_generation(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "g1", FLEET WEB(ALL));
	put(fixture, "g1", FLEET WEB(ALL));
	assert_int_equal(rows_count(service_at(fixture, "198.51.100.80")->rows.banks), 1);
}

static void a_change_leads_and_the_former_generation_follows(void **state)
{
	const struct fixture *fixture = *state;
	const struct service *web;
	bool differ = false;

	put(fixture, "g1", FLEET WEB(ALL));
	put(fixture, "g1", FLEET WEB("b1: {}, b2: {}"));
	web = service_at(fixture, "198.51.100.80");
	assert_int_equal(rows_count(web->rows.banks), 2);
	for (uint32_t row = 0; row < web->rows.size; row++) {
		assert_int_not_equal(tables_row(&fixture->tables, &web->rows, 0, row), 3);
		differ |= tables_row(&fixture->tables, &web->rows, 1, row) == 3;
	}
	assert_true(differ);
}

static void only_the_two_newest_former_generations_stay_candidates(void **state)
{
	const struct fixture *fixture = *state;
	const struct service *web;

	put(fixture, "g1", FLEET WEB("b1: {}"));
	put(fixture, "g1", FLEET WEB("b2: {}"));
	put(fixture, "g1", FLEET WEB("b3: {}"));
	put(fixture, "g1", FLEET WEB("b1: {}, b2: {}"));
	web = service_at(fixture, "198.51.100.80");
	assert_int_equal(rows_count(web->rows.banks), 3);
	assert_int_equal(tables_row(&fixture->tables, &web->rows, 1, 0), 3);
	assert_int_equal(tables_row(&fixture->tables, &web->rows, 2, 0), 2);
}

static void a_generation_that_comes_back_leads_again_and_stands_once(void **state)
{
	const struct fixture *fixture = *state;
	const struct service *web;

	put(fixture, "g1", FLEET WEB("b1: {}"));
	put(fixture, "g1", FLEET WEB("b2: {}"));
	put(fixture, "g1", FLEET WEB("b1: {}"));
	web = service_at(fixture, "198.51.100.80");
	assert_int_equal(rows_count(web->rows.banks), 2);
	assert_int_equal(tables_row(&fixture->tables, &web->rows, 0, 0), 1);
	assert_int_equal(tables_row(&fixture->tables, &web->rows, 1, 0), 2);
}

static void a_service_keeps_its_number_when_others_come_and_go(void **state)
{
	const struct fixture *fixture = *state;
	const struct service *before, *after;

	put(fixture, "g1", FLEET SERVICE("alt", "198.51.100.81", "80", "b1: {}") WEB(ALL));
	before = service_at(fixture, "198.51.100.80");
	put(fixture, "g1", FLEET WEB(ALL) SERVICE("new", "198.51.100.82", "80", "b2: {}"));
	after = service_at(fixture, "198.51.100.80");
	assert_ptr_equal(before, after);
	assert_int_equal(word_of(fixture, "198.51.100.81"), 0);
	assert_true(word_of(fixture, "198.51.100.82"));
}

static void services_do_not_share_rows(void **state)
{
	const struct fixture *fixture = *state;
	const struct rows *a, *b;

	put(fixture, "g1", FLEET SERVICE("alt", "198.51.100.81", "80", "b1: {}") WEB("b2: {}"));
	a = &service_at(fixture, "198.51.100.81")->rows;
	b = &service_at(fixture, "198.51.100.80")->rows;
	for (uint32_t row = 0; row < a->size; row++) {
		assert_int_equal(tables_row(&fixture->tables, a, 0, row), 1);
		assert_int_equal(tables_row(&fixture->tables, b, 0, row), 2);
	}
}

static void a_closed_backend_stays_reachable_and_a_removed_one_does_not(void **state)
{
	static const char without_b3[] =
		"infrastructure: fd48::/32\nsecret: s\n"
		"sites: {ams: {locator: \"fd48:0:0:1::/64\"}}\n"
		"gateways: {g1: {locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}}\n"
		"backends:\n"
		"  b1: {id: 1, locator: \"fd48:0:0:201::/64\", interfaces: [eth0]}\n"
		"services:\n" WEB("b1: {}");
	const struct fixture *fixture = *state;

	put(fixture, "g1", FLEET WEB("b1: {}, b3: {enabled: false}"));
	assert_true(fixture->tables.backends[3].next_hops);
	put(fixture, "g1", without_b3);
	assert_false(fixture->tables.backends[3].next_hops);
	assert_false(fixture->tables.backends[3].identity);
	assert_true(fixture->tables.backends[1].next_hops);
}

static void when_nobody_is_open_any_more_the_candidates_stay_for_old_connections(void **state)
{
	const struct fixture *fixture = *state;
	const struct service *web;
	uint32_t banks;

	put(fixture, "g1", FLEET WEB(ALL));
	web = service_at(fixture, "198.51.100.80");
	banks = web->rows.banks;
	assert_false(web->flags & SERVICE_CLOSED);
	put(fixture, "g1", FLEET WEB("b1: {enabled: false}"));
	assert_true(web->flags & SERVICE_CLOSED);
	assert_int_equal(web->rows.banks, banks);
	put(fixture, "g1", FLEET WEB("b1: {}"));
	assert_false(web->flags & SERVICE_CLOSED);
	assert_int_equal(rows_count(web->rows.banks), 2);
}

/* What health says, without a new configuration. */
static void a_member_that_is_down_takes_no_rows_until_it_is_up_again(void **state)
{
	const struct fixture *fixture = *state;
	struct planned planned = plan_of("g1", FLEET WEB(ALL));
	struct plan_service *service = &planned.plan->services[0];
	const struct tables *tables = &fixture->tables;
	uint32_t number, first;

	apply(tables, planned.plan, fixture->fib);
	number = tables_service_number(tables, service->identity);
	first = tables->services[number].rows.banks & 0xff;
	assert_true(tables_member_open(tables, number, 1));
	assert_int_equal(plan_healthy_members(planned.plan, service, (const bool[]){0, 1, 1}, NULL), 0);
	assert_int_equal(tables_apply_members(tables, service), 0);
	assert_false(tables_member_open(tables, number, 1));
	assert_true(tables_member_open(tables, number, 2));
	assert_int_equal(plan_healthy_members(planned.plan, service, (const bool[]){0, 0, 0}, NULL), 0);
	assert_int_equal(tables_apply_members(tables, service), 0);
	assert_false(tables_member_open(tables, number, 2));
	assert_false(tables_serves(tables, planned.plan, &planned.plan->vips[0]));
	assert_int_equal(plan_healthy_members(planned.plan, service, (const bool[]){1, 1, 1}, NULL), 0);
	assert_int_equal(tables_apply_members(tables, service), 0);
	assert_true(tables_member_open(tables, number, 1));
	assert_true(tables_serves(tables, planned.plan, &planned.plan->vips[0]));
	assert_int_equal(tables->services[number].rows.banks & 0xff, first);
	planned_free(&planned);
}

#define TWO_SITES                                                                                  \
	TWO_SITES_FLEET                                                                            \
	"services:\n" WEB(ALL)
#define LON (ROW_SITE | 2)

static void share(const struct tables *tables, const struct planned *planned, uint32_t lon, bool instead)
{
	struct plan_service *service = &planned->plan->services[0];

	service->wanted = (struct policy_shares){.keep = 1000 - lon, .sites = {lon}};
	assert_int_equal(plan_healthy_members(planned->plan, service, (const bool[]){1, 1, 1}, NULL), 0);
	assert_int_equal(tables_apply_shares(tables, service, instead), 0);
}

/* Of candidate `candidate`, in thousandths. */
static uint32_t lon_has(const struct tables *tables, const struct service *web, uint32_t candidate)
{
	uint32_t count = 0;

	for (uint32_t row = 0; row < web->rows.size; row++)
		count += tables_row(tables, &web->rows, candidate, row) == LON;
	return (count * 1000 + web->rows.size / 2) / web->rows.size;
}

static void rows_for_what_comes_from_other_sites_have_a_place_once_they_differ(void **state)
{
	const struct fixture *fixture = *state;
	const struct tables *tables = &fixture->tables;
	struct planned planned = plan_of("g1", TWO_SITES);
	const struct service *web;
	uint32_t home;

	apply(tables, planned.plan, fixture->fib);
	web = service_at(fixture, "198.51.100.80");
	assert_int_equal(web->home, 0);
	share(tables, &planned, 200, false);
	home = web->home;
	assert_true(home >= web->rows.first + web->rows.size);
	assert_int_equal(rows_count(web->rows.banks), 2);
	for (uint32_t candidate = 0; candidate < 2; candidate++)
		for (uint32_t row = 0; row < web->rows.size; row++)
			assert_int_equal(row_place(tables->rows[home + row],
						   rows_bank(web->rows.banks, candidate)),
					 tables_row(tables, &web->rows, 1, row));
	assert_int_equal(tables_share(tables, web - tables->services, LON), 200);
	assert_true(tables_member_open(tables, web - tables->services, 1));
	share(tables, &planned, 1000, false);
	assert_true(tables_member_open(tables, web - tables->services, 1));
	assert_int_equal(web->home, home);
	planned_free(&planned);
}

static void a_movement_of_many_steps_makes_one_generation(void **state)
{
	const struct fixture *fixture = *state;
	const struct tables *tables = &fixture->tables;
	struct planned planned = plan_of("g1", TWO_SITES);
	const struct service *web;

	apply(tables, planned.plan, fixture->fib);
	web = service_at(fixture, "198.51.100.80");
	for (uint32_t lon = 100; lon <= 400; lon += 100)
		share(tables, &planned, lon, lon > 100);
	assert_int_equal(rows_count(web->rows.banks), 2);
	assert_int_equal(lon_has(tables, web, 0), 400);
	assert_int_equal(lon_has(tables, web, 1), 0);
	/* Home again, where what is away is found by the generation of the most. */
	for (uint32_t lon = 300; lon > 0; lon -= 100) {
		share(tables, &planned, lon, lon < 300);
		assert_int_equal(lon_has(tables, web, 1), 400);
		assert_int_equal(rows_count(web->rows.banks), 3);
	}
	share(tables, &planned, 0, true);
	assert_int_equal(rows_count(web->rows.banks), 2);
	assert_int_equal(lon_has(tables, web, 0), 0);
	assert_int_equal(lon_has(tables, web, 1), 400);
	planned_free(&planned);
}

static void what_takes_the_newest_generation_s_place_is_written_elsewhere_first(void **state)
{
	const struct fixture *fixture = *state;
	const struct tables *tables = &fixture->tables;
	struct planned planned = plan_of("g1", TWO_SITES);
	const struct service *web;
	uint32_t bank;

	apply(tables, planned.plan, fixture->fib);
	web = service_at(fixture, "198.51.100.80");
	share(tables, &planned, 100, false);
	bank = rows_bank(web->rows.banks, 0);
	share(tables, &planned, 300, true);
	assert_int_not_equal(rows_bank(web->rows.banks, 0), bank);
	planned_free(&planned);
}

static void services_and_their_rows_for_other_sites_stay_apart(void **state)
{
	const struct fixture *fixture = *state;
	const struct tables *tables = &fixture->tables;
	struct planned planned = plan_of("g1", TWO_SITES);
	const struct service *web, *alt;

	apply(tables, planned.plan, fixture->fib);
	web = service_at(fixture, "198.51.100.80");
	share(tables, &planned, 500, false);
	put(fixture, "g1", TWO_SITES SERVICE("alt", "198.51.100.81", "80", "b1: {}"));
	alt = service_at(fixture, "198.51.100.81");
	assert_true(alt->rows.first >= web->home + web->rows.size ||
		    alt->rows.first + alt->rows.size <= web->rows.first);
	planned_free(&planned);
}

/* Applies and says whether the first VIP of the plan is served. */
static bool serves(const struct fixture *fixture, const char *text)
{
	struct planned planned = plan_of("g1", text);
	bool served;

	apply(&fixture->tables, planned.plan, fixture->fib);
	served = tables_serves(&fixture->tables, planned.plan, &planned.plan->vips[0]);
	planned_free(&planned);
	return served;
}

static void a_vip_is_served_while_one_of_its_services_is(void **state)
{
	const struct fixture *fixture = *state;

	assert_true(serves(fixture, FLEET WEB("b1: {enabled: false}")
					    SERVICE("alt", "198.51.100.80", "81", "b1: {}")));
	assert_false(serves(fixture, FLEET WEB("b1: {enabled: false}")));
}

static void a_service_that_is_off_stays_off_through_changes_and_its_vip_is_not_served(void **state)
{
	const struct fixture *fixture = *state;
	uint32_t web;

	assert_true(serves(fixture, FLEET WEB("b1: {}")));
	web = service_at(fixture, "198.51.100.80") - fixture->tables.services;
	tables_switch(&fixture->tables, web, true);
	assert_false(serves(fixture, FLEET WEB("b1: {}, b2: {}")));
	assert_true(tables_switched_off(&fixture->tables, web));
	tables_switch(&fixture->tables, web, false);
	assert_true(serves(fixture, FLEET WEB("b1: {}, b2: {}")));
}

static void a_neighbour_that_fails_takes_the_next_hops_away_and_brings_them_back(void **state)
{
	const struct fixture *fixture = *state;
	struct fib_neighbour neighbour = {.ifindex = 7, .address = address_of("fe80::1"),
					  .mac = {2, 0, 0, 0, 0, 1}};

	put(fixture, "g1", FLEET WEB(ALL));
	assert_int_equal(fib_set_neighbour(fixture->fib, &neighbour), 1);
	assert_int_equal(tables_route(&fixture->tables, fixture->fib), 0);
	assert_false(fixture->tables.backends[1].next_hops);
	neighbour.usable = true;
	assert_int_equal(fib_set_neighbour(fixture->fib, &neighbour), 1);
	assert_int_equal(tables_route(&fixture->tables, fixture->fib), 0);
	assert_true(fixture->tables.backends[1].next_hops);
}

static void nodes_behind_one_neighbour_share_its_entry(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "g1", FLEET WEB(ALL));
	assert_int_equal(fixture->tables.backends[1].next_hops,
			 fixture->tables.backends[2].next_hops);
}

/* Services from `first` on, each `step`, up to `last`; the odd ones are larger. */
static void put_services(const struct fixture *fixture, int first, int last, int step)
{
	size_t size = 256 << 10, used;
	char *text = malloc(size);

	used = snprintf(text, size, "%s", FLEET);
	for (int i = first; i <= last; i += step)
		used += snprintf(text + used, size - used,
				 "  s%d: {vips: [198.51.100.1], protocol: tcp, ports: %d, "
				 "max-backends: %d, backends: {b1: {}}}\n",
				 i, i, i % 2 ? 20 : 1);
	put(fixture, "g1", text);
	free(text);
}

static uint32_t count_apart(const struct tables *tables)
{
	uint8_t *taken = calloc(ROWS_MIN, sizeof(*taken));
	uint32_t count = 0;

	for (uint32_t i = 0; i < SERVICES_MIN; i++) {
		const struct rows *rows = i ? &tables->services[i].rows : &tables->site->routers;

		count += rows->size != 0;
		assert_true(rows->first + rows->size <= ROWS_MIN);
		for (uint32_t row = 0; row < rows->size; row++)
			assert_false(taken[rows->first + row]++);
	}
	free(taken);
	return count;
}

static void rows_stay_apart_when_many_services_come_and_go(void **state)
{
	const struct fixture *fixture = *state;

	put_services(fixture, 1, 100, 1);
	assert_int_equal(count_apart(&fixture->tables), 1 + 100);
	put_services(fixture, 1, 100, 3);
	assert_int_equal(count_apart(&fixture->tables), 1 + 34);
	put_services(fixture, 1, 160, 2);
	assert_int_equal(count_apart(&fixture->tables), 1 + 80);
}

static void services_beyond_the_tables_are_refused_and_the_others_are_as_they_were(void **state)
{
	struct fixture *fixture = *state;
	struct planned planned;
	uint64_t words[2];

	put_services(fixture, 1, 3, 1);
	fixture->tables.n_services = 4;
	planned = plan_of("g1", FLEET WEB("b2: {}"));
	assert_int_equal(tables_apply(&fixture->tables, planned.plan, fixture->fib, words), -ENOSPC);
	planned_free(&planned);
	assert_int_equal(count_apart(&fixture->tables), 1 + 3);
	assert_true(word_of(fixture, "198.51.100.1"));
}

static void services_with_agents_have_a_budget_of_questions(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "g1",
	    FLEET "  web: {vips: [198.51.100.80], protocol: tcp, ports: 80, backends: {b1: {}}}\n"
		  "  few: {vips: [198.51.100.81], protocol: tcp, ports: 80, who-has: 50, "
		  "backends: {b1: {}}}\n"
		  "  off: {vips: [198.51.100.82], protocol: tcp, ports: 80, who-has: 0, "
		  "backends: {b1: {}}}\n"
		  "  bare: {vips: [198.51.100.83], protocol: tcp, ports: 80, backends: {b4: {}}}\n"
		  "  dns: {vips: [198.51.100.84], protocol: udp, ports: 80, backends: {b1: {}}}\n");
	assert_int_equal(service_at(fixture, "198.51.100.80")->ask_interval_ns, 1000000);
	assert_int_equal(service_at(fixture, "198.51.100.81")->ask_interval_ns, 20000000);
	assert_int_equal(service_at(fixture, "198.51.100.82")->ask_interval_ns, 0);
	assert_int_equal(service_at(fixture, "198.51.100.83")->ask_interval_ns, 0);
	assert_int_equal(service_at(fixture, "198.51.100.84")->ask_interval_ns, 0);
}

static bool member(const struct fixture *fixture, uint32_t id)
{
	for (uint32_t i = 1; i < SERVICES_MAX; i++)
		if (fixture->tables.services[i].flags & SERVICE_COOKIE)
			return fixture->tables.members[member_word(i, id)] >> id % 64 & 1;
	return false;
}

#define COOKIES(backends)                                                                          \
	"  web: {vips: [198.51.100.80], protocol: tcp, ports: 80, max-backends: 4, cookie: on, "     \
	"backends: {" backends "}}\n"

static void closed_members_are_found_by_cookie_and_removed_ones_are_not(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "g1", FLEET COOKIES("b1: {}, b2: {enabled: false}, b3: {weight: 0}"));
	assert_true(member(fixture, 1));
	assert_true(member(fixture, 2));
	assert_true(member(fixture, 3));
	put(fixture, "g1", FLEET COOKIES("b1: {}, b3: {}"));
	assert_true(member(fixture, 1));
	assert_false(member(fixture, 2));
	assert_true(member(fixture, 3));
}

static uint32_t routed_by(const struct fixture *fixture, const struct plan *plan, int router)
{
	uint32_t all;

	return tables_router_rows(&fixture->tables, plan->routers[router].identity, &all);
}

static void empty_tables_have_no_rows_of_routers(void **state)
{
	const struct fixture *fixture = *state;
	uint32_t all = 7;

	assert_int_equal(tables_router_rows(&fixture->tables, 5, &all), 0);
	assert_int_equal(all, 0);
}

static void a_dead_router_leaves_the_rows_and_stays_a_destination(void **state)
{
	const struct fixture *fixture = *state;
	struct planned planned = plan_of("g1", FLEET WEB(ALL));
	struct plan *plan = planned.plan;
	uint32_t before, all;

	apply(&fixture->tables, plan, fixture->fib);
	before = routed_by(fixture, plan, 1);
	assert_true(before);
	assert_int_equal(plan_live_routers(plan, (const bool[]){true, false}), 0);
	assert_int_equal(tables_apply_routers(&fixture->tables, plan), 0);
	assert_int_equal(routed_by(fixture, plan, 1), 0);
	tables_router_rows(&fixture->tables, plan->routers[0].identity, &all);
	assert_int_equal(routed_by(fixture, plan, 0), all);
	assert_int_equal(plan_live_routers(plan, (const bool[]){true, true}), 0);
	assert_int_equal(tables_apply_routers(&fixture->tables, plan), 0);
	assert_int_equal(routed_by(fixture, plan, 1), before);
	planned_free(&planned);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_vip_leads_to_rows_and_rows_to_backends_with_next_hops),
		FIXTURE_TEST(the_rows_of_a_new_service_agree_in_all_places),
		FIXTURE_TEST(applying_the_same_again_makes_no_generation),
		FIXTURE_TEST(a_change_leads_and_the_former_generation_follows),
		FIXTURE_TEST(only_the_two_newest_former_generations_stay_candidates),
		FIXTURE_TEST(a_generation_that_comes_back_leads_again_and_stands_once),
		FIXTURE_TEST(a_service_keeps_its_number_when_others_come_and_go),
		FIXTURE_TEST(services_do_not_share_rows),
		FIXTURE_TEST(a_closed_backend_stays_reachable_and_a_removed_one_does_not),
		FIXTURE_TEST(when_nobody_is_open_any_more_the_candidates_stay_for_old_connections),
		FIXTURE_TEST(rows_for_what_comes_from_other_sites_have_a_place_once_they_differ),
		FIXTURE_TEST(a_movement_of_many_steps_makes_one_generation),
		FIXTURE_TEST(what_takes_the_newest_generation_s_place_is_written_elsewhere_first),
		FIXTURE_TEST(services_and_their_rows_for_other_sites_stay_apart),
		FIXTURE_TEST(a_member_that_is_down_takes_no_rows_until_it_is_up_again),
		FIXTURE_TEST(rows_stay_apart_when_many_services_come_and_go),
		FIXTURE_TEST(services_beyond_the_tables_are_refused_and_the_others_are_as_they_were),
		FIXTURE_TEST(services_with_agents_have_a_budget_of_questions),
		FIXTURE_TEST(a_vip_is_served_while_one_of_its_services_is),
		FIXTURE_TEST(
			a_service_that_is_off_stays_off_through_changes_and_its_vip_is_not_served),
		FIXTURE_TEST(a_neighbour_that_fails_takes_the_next_hops_away_and_brings_them_back),
		FIXTURE_TEST(nodes_behind_one_neighbour_share_its_entry),
		FIXTURE_TEST(closed_members_are_found_by_cookie_and_removed_ones_are_not),
		FIXTURE_TEST(empty_tables_have_no_rows_of_routers),
		FIXTURE_TEST(a_dead_router_leaves_the_rows_and_stays_a_destination),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

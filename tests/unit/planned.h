/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Plans and tables for tests: a configuration as text, planned for one of its gateways, in tables
 * that are plain memory.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errors.h"
#include "base/fib.h"
#include "base/tree.h"
#include "core/index.h"
#include "core/tables.h"
#include "core/vips.h"
#include "io/yaml.h"
#include "tests/address_of.h"

struct planned {
	struct config *config;
	struct plan *plan;
};

/* Three nodes of a kind; tests write the services. */
#define FLEET                                                                                      \
	"infrastructure: fd48::/32\n"                                                              \
	"secret: s\n"                                                                              \
	"sites:\n"                                                                                 \
	"  ams: {locator: \"fd48:0:0:1::/64\"}\n"                                                  \
	"gateways:\n"                                                                              \
	"  g1: {locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}\n"                             \
	"  g2: {locator: \"fd48:0:0:102::/64\", interfaces: [eth0]}\n"                             \
	"backends:\n"                                                                              \
	"  b1: {id: 1, locator: \"fd48:0:0:201::/64\", interfaces: [eth0]}\n"                      \
	"  b2: {id: 2, locator: \"fd48:0:0:202::/64\", interfaces: [eth0]}\n"                      \
	"  b3: {id: 3, locator: \"fd48:0:0:203::/64\", interfaces: [eth0]}\n"                      \
	"  b4: {id: 4, locator: \"fd48:0:0:204::/64\", agent: false}\n"                            \
	"services:\n"

/* Two sites, one gateway; before policies or services. */
#define TWO_SITES_FLEET                                                                            \
	"infrastructure: fd48::/32\nsecret: s\n"                                                   \
	"sites: {ams: {locator: \"fd48:0:0:1::/64\"}, lon: {locator: \"fd48:0:0:2::/64\"}}\n"      \
	"gateways: {g1: {site: ams, locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}}\n"        \
	"backends:\n"                                                                              \
	"  b1: {site: ams, id: 1, locator: \"fd48:0:0:201::/64\", interfaces: [eth0]}\n"          \
	"  b2: {site: ams, id: 2, locator: \"fd48:0:0:202::/64\", interfaces: [eth0]}\n"          \
	"  b3: {site: lon, id: 3, locator: \"fd48:0:0:203::/64\", interfaces: [eth0]}\n"

#define SERVICE(name, vips, ports, backends)                                                       \
	"  " name ": {vips: [" vips "], protocol: tcp, ports: " ports ", max-backends: 4, backends: {" \
	backends "}}\n"

static const struct plan_keys test_keys = {
	.flow = {.words = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3}, .finish = 0x9e3779b97f4a7c15ULL},
	.rows = 42,
};

static inline struct config *config_of(const char *text)
{
	struct errors errors = {};
	struct tree *tree = NULL;
	struct config *config = NULL;

	if (yaml_tree_parse(text, strlen(text), "t.yaml", &errors, &tree) < 0 ||
	    config_from_tree(tree, &errors, &config) < 0) {
		errors_print(&errors, stderr);
		fail_msg("the test's own configuration is wrong");
	}
	errors_clear(&errors);
	tree_free(tree);
	return config;
}

static inline struct planned plan_of(const char *gateway, const char *text)
{
	struct planned planned = {.config = config_of(text)};

	assert_int_equal(plan_gateway(planned.config, config_gateway(planned.config, gateway),
				      &test_keys, &planned.plan),
			 0);
	return planned;
}

static inline void planned_free(struct planned *planned)
{
	plan_free(planned->plan);
	config_free(planned->config);
}

static inline struct tables tables_new(void)
{
	struct tables tables = {
		.vips = calloc(VIP_SLOTS, sizeof(*tables.vips)),
		.intervals = calloc(INTERVALS_MAX, sizeof(*tables.intervals)),
		.services = calloc(SERVICES_MAX, sizeof(*tables.services)),
		.members = calloc(MEMBER_WORDS_MIN, sizeof(*tables.members)),
		.rows = calloc(ROWS_MIN, sizeof(*tables.rows)),
		.backends = calloc(DESTINATIONS_MAX, sizeof(*tables.backends)),
		.routers = calloc(ROUTERS_MAX, sizeof(*tables.routers)),
		.site = calloc(1, sizeof(*tables.site)),
		.next_hops = calloc(NEXT_HOPS_MAX, sizeof(*tables.next_hops)),
		.links = calloc(LINKS_MAX, sizeof(*tables.links)),
		.n_rows = ROWS_MIN,
		.n_services = SERVICES_MIN,
	};

	assert_int_equal(tables_number(&tables), 0);
	return tables;
}

static inline void tables_free(struct tables *tables)
{
	free(tables->vips);
	free(tables->intervals);
	free(tables->services);
	free(tables->members);
	free(tables->rows);
	free(tables->backends);
	free(tables->routers);
	free(tables->site);
	free(tables->next_hops);
	index_free(tables->numbers);
	free(tables->links);
}

/* One uplink to one neighbour, behind which all of fd48::/32 lies. */
static inline struct fib *fib_of_one_uplink(void)
{
	struct fib *fib = fib_new();
	struct fib_hop hop = {.gateway = address_of("fe80::1"), .ifindex = 7, .weight = 1};
	struct fib_link link = {.ifindex = 7, .name = "eth0", .mtu = 1500, .running = true};
	struct fib_route route = {.network = address_of("fd48::"), .length = 32, .n_hops = 1,
				  .hops = &hop};
	struct fib_neighbour neighbour = {.ifindex = 7, .address = hop.gateway, .mac = {2, 0, 0, 0, 0, 1},
					  .usable = true};

	assert_int_equal(fib_set_link(fib, &link), 1);
	assert_int_equal(fib_set_route(fib, &route), 1);
	assert_int_equal(fib_set_neighbour(fib, &neighbour), 1);
	return fib;
}

static inline void apply(const struct tables *tables, const struct plan *plan, const struct fib *fib)
{
	uint64_t *words = calloc(plan->n_vips + 1, sizeof(*words));

	assert_int_equal(tables_apply(tables, plan, fib, words), 0);
	free(words);
}

/* Empty tables and one uplink, for every test anew. */
struct fixture {
	struct tables tables;
	struct fib *fib;
};

static inline int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->tables = tables_new();
	fixture->fib = fib_of_one_uplink();
	*state = fixture;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	tables_free(&fixture->tables);
	fib_free(fixture->fib);
	free(fixture);
	return 0;
}

static inline void put(const struct fixture *fixture, const char *gateway, const char *text)
{
	struct planned planned = plan_of(gateway, text);

	apply(&fixture->tables, planned.plan, fixture->fib);
	planned_free(&planned);
}

static inline uint64_t word_of(const struct fixture *fixture, const char *vip)
{
	union address address = address_of(vip);

	return vips_word(&fixture->tables, &address);
}

static inline const struct service *service_at(const struct fixture *fixture, const char *vip)
{
	uint64_t word = word_of(fixture, vip);

	assert_true(word);
	return &fixture->tables.services[fixture->tables.intervals[word >> 16].service];
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fib.h"
#include "base/log.h"
#include "bench/configuration.h"
#include "core/vips.h"
#include "wire/srv6.h"

#define GENERATIONS 3

struct world {
	struct config *config;
	struct fib *fib;
	struct plan *plan;
	const struct tables *tables; /* of the gateway */
	enum world_router router;
};

static const struct plan_keys keys = {
	.flow = {.words = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0,
			   0x082efa98, 0xec4e6c89, 0x452821e6, 0x38d01377},
		 .finish = 0xbe5466cf34e90c6cULL},
	.rows = 0xc0ac29b7c97c50ddULL,
	.cookie = {.epochs = {{{0x3f84d5b5b5470917ULL, 0x9216d5d98979fb1bULL}}},
		   .live = 1},
};

static const union address vip_v4 = {
	.bytes = {[10] = 0xff, 0xff, 192, 0, 2, 1}};
static const union address vip_v6 = {
	.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 1}};
static const union address stranger_v4 = {
	.bytes = {[10] = 0xff, 0xff, 192, 0, 2, 99}};
static const union address stranger_v6 = {
	.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 99}};

/* fd48:0:0:NODE::/64 */
static union address locator(uint16_t node)
{
	return (union address){.bytes = {0xfd, 0x48, [6] = node >> 8, node & 0xff}};
}

#define GATEWAY_NODES 0x100
#define BACKEND_NODES 0x200

static void write_backends(FILE *file)
{
	for (int id = 1; id <= WORLD_BACKENDS + WORLD_AGENTLESS; id++)
		fprintf(file, "  b%d: {id: %d, locator: \"fd48:0:0:%x::/64\", %s}\n", id, id,
			BACKEND_NODES + id,
			id > WORLD_BACKENDS ? "agent: false" : "interfaces: [eth0]");
}

static void write_service(FILE *file, const char *name, const char *protocol, int port, int first,
			  int last)
{
	fprintf(file,
		"  %s:\n    vips: [192.0.2.1, \"2001:db8:1::1\"]\n    protocol: %s\n    ports: %d\n"
		"    max-backends: %d\n    cookie: %s\n    backends:\n",
		name, protocol, port, WORLD_BACKENDS, port == PORT_STAMPED ? "on" : "off");
	for (int id = first; id <= last; id++)
		fprintf(file, "      b%d: {weight: 1}\n", id);
}

static void write_config(FILE *file, const void *unused)
{
	fprintf(file, "infrastructure: fd48::/32\nsecret: unused\npins: 2000000\n"
		      "sites:\n  ams: {locator: \"fd48:0:0:1::/64\"}\n"
		      "gateways:\n"
		      "  g1: {locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}\n"
		      "  g2: {locator: \"fd48:0:0:102::/64\", interfaces: [eth0]}\n"
		      "backends:\n");
	write_backends(file);
	fprintf(file, "services:\n");
	write_service(file, "web", "tcp", PORT_LISTENING, 1, WORLD_BACKENDS);
	write_service(file, "stamped", "tcp", PORT_STAMPED, 1, WORLD_BACKENDS);
	write_service(file, "silent", "tcp", PORT_SILENT, 1, WORLD_BACKENDS);
	write_service(file, "names", "udp", PORT_DATAGRAMS, 1, WORLD_BACKENDS);
	write_service(file, "plain", "tcp", PORT_AGENTLESS, WORLD_BACKENDS + 1,
		      WORLD_BACKENDS + WORLD_AGENTLESS);
	write_service(file, "plain-new", "tcp", PORT_AGENTLESS_NEW, WORLD_BACKENDS + 1,
		      WORLD_BACKENDS + WORLD_AGENTLESS);
}

/* All of the infrastructure behind one neighbour on the loopback device. */
static int fill_fib(struct fib *fib)
{
	struct fib_link link = {.ifindex = LOOPBACK, .name = "lo", .mtu = 1600, .running = true,
				.mac = {2, 0, 0, 0, 0, 1}};
	struct fib_hop hop = {.gateway.bytes = {0xfe, 0x80, [15] = 1}, .ifindex = LOOPBACK, .weight = 1};
	struct fib_route route = {.network.bytes = {0xfd, 0x48}, .length = 32, .n_hops = 1, .hops = &hop};
	struct fib_neighbour neighbour = {.ifindex = LOOPBACK, .address = hop.gateway, .usable = true,
					  .mac = {2, 0, 0, 0, 0, 3}};
	int r = fib_set_link(fib, &link);

	if (r >= 0)
		r = fib_set_route(fib, &route);
	if (r >= 0)
		r = fib_set_neighbour(fib, &neighbour);
	return r < 0 ? r : 0;
}

int world_new(struct world **ret)
{
	struct world *world = calloc(1, sizeof(*world));
	int r = -ENOMEM;

	if (!world)
		return r;
	world->fib = fib_new();
	if (world->fib)
		r = fill_fib(world->fib);
	if (r == 0)
		r = configuration_read(write_config, NULL, &world->config);
	if (r == 0)
		r = plan_gateway(world->config, config_gateway(world->config, "g1"), &keys,
				 &world->plan);
	if (r < 0) {
		log_error("cannot plan the fleet of the benchmark: %s", strerror(-r));
		world_free(world);
		return r;
	}
	*ret = world;
	return 0;
}

struct world *world_free(struct world *world)
{
	if (!world)
		return NULL;
	plan_free(world->plan);
	config_free(world->config);
	fib_free(world->fib);
	free(world);
	return NULL;
}

struct gateway_settings world_gateway_settings(const struct world *world)
{
	return plan_gateway_settings(world->config, config_gateway(world->config, "g1"), &keys,
				     world->plan);
}

struct agent_settings world_agent_settings(const struct world *world)
{
	return plan_agent_settings(world->config, config_backend(world->config, "b1"), &keys,
				   world->plan);
}

static int apply(const struct world *world)
{
	_cleanup_free_ uint64_t *words = calloc(world->plan->n_vips + 1, sizeof(*words));

	if (!words)
		return -ENOMEM;
	return tables_apply(world->tables, world->plan, world->fib, words);
}

/* Closes the last backend that is open in each service; a new generation. */
static int close_one(struct world *world, int generation)
{
	for (size_t i = 0; i < world->config->n_services; i++) {
		struct config_service *service = &world->config->services[i];

		service->members[service->n_members - generation].enabled = false;
	}
	world->plan = plan_free(world->plan);
	return plan_gateway(world->config, config_gateway(world->config, "g1"), &keys, &world->plan);
}

int world_put_gateway(struct world *world, const struct tables *tables)
{
	int r;

	world->tables = tables;
	r = apply(world);
	for (int generation = 1; r == 0 && generation < GENERATIONS; generation++) {
		r = close_one(world, generation);
		if (r == 0)
			r = apply(world);
	}
	return r;
}

int world_put_agent(struct world *world, const struct tables *tables)
{
	_cleanup_plan_ struct plan *plan = NULL;
	_cleanup_free_ uint64_t *words = NULL;
	int r = plan_agent(world->config, config_backend(world->config, "b1"), &plan);

	if (r < 0)
		return r;
	words = calloc(plan->n_vips + 1, sizeof(*words));
	return words ? vips_apply(tables, plan, words) : -ENOMEM;
}

int world_route_to(struct world *world, enum world_router router)
{
	if (router == ROUTER_ANY || router == world->router)
		return 0;
	/* Routers are numbered in the order of the configuration. */
	for (uint32_t row = 0; row < world->plan->router_size; row++)
		world->plan->router_rows[row] = router == ROUTER_SELF ? 1 : 2;
	world->router = router;
	return apply(world);
}

uint32_t world_service(const struct world *world, enum world_port port)
{
	for (size_t i = 0; i < world->plan->n_services; i++)
		if (world->plan->services[i].config->port_first == port)
			return tables_service_number(world->tables,
						     world->plan->services[i].identity);
	return 0;
}

const union address *world_vip(bool v6)
{
	return v6 ? &vip_v6 : &vip_v4;
}

const union address *world_stranger(bool v6)
{
	return v6 ? &stranger_v6 : &stranger_v4;
}

union address world_backend_sid(uint16_t id)
{
	union address node = locator(BACKEND_NODES + id);

	return sid_make(&node, SRV6_ACCEPT);
}

union address world_gateway_sid(unsigned int number)
{
	union address node = locator(GATEWAY_NODES + number);

	return sid_make(&node, SRV6_ROUTE);
}

bool world_is_backend_sid(const union address *sid, bool v6)
{
	for (uint16_t id = 1; id <= WORLD_BACKENDS + WORLD_AGENTLESS; id++) {
		union address node = locator(BACKEND_NODES + id);
		union address bare = *sid;
		union address wanted =
			sid_make(&node, id <= WORLD_BACKENDS ? SRV6_ACCEPT
				 : v6		     ? SRV6_DECAP_V6
						     : SRV6_DECAP_V4);

		bare.bytes[SID_FLAGS_BYTE] = 0;
		if (address_equal(&bare, &wanted))
			return true;
	}
	return false;
}

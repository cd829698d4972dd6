/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The fleet that the packets of the benchmark meet: two gateways, 64 backends with agents behind each
 * service, a few without behind another; two of the backends closed one after the other, so that the
 * rows have three generations. Made by the daemons' own code from a configuration, with a neighbour on
 * the loopback device, which is where test runs come in.
 *
 * The node under test is gateway g1, and backend b1 where the agent's programs are concerned.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/plan.h"
#include "core/tables.h"

#define LOOPBACK 1 /* its ifindex, in every network namespace */
#define WORLD_BACKENDS 64
#define WORLD_AGENTLESS 8

enum world_port {
	PORT_DATAGRAMS = 53,
	PORT_AGENTLESS = 25,
	PORT_AGENTLESS_NEW = 26,
	PORT_LISTENING = 443, /* b1 has a listener here and a connection with flow 0 */
	PORT_STAMPED = 8443,  /* whose timestamps carry the backend */
	PORT_SILENT = 80,     /* a service, but nobody listens */
	PORT_NOTHING = 9,     /* no service */
};

struct world;

/* Reads and plans. 0 or a negative errno, said to stderr. */
int world_new(struct world **ret);
struct world *world_free(struct world *world);

struct gateway_settings world_gateway_settings(const struct world *world);
struct agent_settings world_agent_settings(const struct world *world);

/* Fill the tables of gateway g1, and of the agent of b1. */
int world_put_gateway(struct world *world, const struct tables *tables);
int world_put_agent(struct world *world, const struct tables *tables);

/* Makes g1 itself the router of all flows, or g2: so that every packet of a run takes one path. */
enum world_router { ROUTER_ANY, ROUTER_SELF, ROUTER_OTHER };
int world_route_to(struct world *world, enum world_router router);

/* The number of the service on this TCP port, in the tables. */
uint32_t world_service(const struct world *world, enum world_port port);

/* Addresses, by family where there are two. */
const union address *world_vip(bool v6);
const union address *world_stranger(bool v6); /* no VIP */
union address world_backend_sid(uint16_t id);
union address world_gateway_sid(unsigned int number); /* 1: ours, 2: the other's */

/* Is this a SID of some backend's (with or without agent)? */
bool world_is_backend_sid(const union address *sid, bool v6);

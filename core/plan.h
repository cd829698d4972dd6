/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a node's data plane shall hold, computed from the configuration alone: the same on every node
 * and in every order of reading. core/tables brings it into the maps, gateway/ and agent/ bring it
 * into the kernel.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "core/config.h"
#include "core/policy.h"
#include "wire/maps.h"

/* Keys that every node derives from the secret. */
struct plan_keys {
	struct hash_key flow;
	uint64_t rows; /* of the Maglev permutations */
	uint64_t fingerprint; /* tells whether two nodes have the same secret (wire/probe.h) */
	struct cookie_keys cookie;
	struct siphash_key who_has; /* of the questions and answers (wire/whohas.h) */
	struct siphash_key heartbeat; /* wire/heartbeat.h */
};

struct plan_vip {
	struct network network;
	struct interval *intervals; /* `service` is an index into plan.services */
	size_t n_intervals;
};

struct plan_service {
	const struct config_service *config;
	uint64_t identity;
	uint32_t flags; /* enum service_flag */
	uint32_t size;	/* rows */
	uint32_t generations; /* of rows that are candidates */
	uint32_t generation;  /* a digest of `rows`; 0: there are none */
	uint16_t *rows; /* ids of our site's backends, and other sites; NULL: nobody is open anywhere */
	uint16_t *home; /* for what comes from other sites: our own backends alone. NULL: the rows */
	bool *open;	/* of the configuration's members, of all sites */
	/* Other sites that have members, the preferred one first; those that are not open, too. */
	const struct config_site *others[POLICY_SITES_MAX];
	size_t n_others;
	size_t n_meant; /* of them, to which new connections may spill */
	struct policy_shares wanted; /* by the policy; of all new connections until it says otherwise */
	struct policy_shares shares; /* that the rows have */
	const struct config_site *away; /* all new connections leave, most to this site; NULL: some stay */
};

/* A backend or a gateway as a place that segments lead to. */
struct plan_node {
	const char *name;
	uint64_t identity;
	uint64_t seed;	 /* a router's, of its permutation of the rows */
	uint16_t number; /* a backend's id; a router's index in plan.routers, from 1 */
	union address sids[2];
	uint32_t flags; /* enum destination_flag */
};

/* Pointers lead into the configuration, which must live longer. */
struct plan {
	const struct config *config;
	const struct config_site *site; /* our own; NULL: an agent's plan */
	bool drained; /* the gateway, or its site: it is to announce nothing */
	uint64_t rows_key;
	struct plan_vip *vips;
	size_t n_vips;
	struct plan_service *services;
	size_t n_services;
	struct plan_node *backends;
	size_t n_backends;
	struct plan_node *sites; /* the others; `number` has ROW_SITE */
	size_t n_sites;
	struct plan_node *routers;
	size_t n_routers;
	uint16_t *router_rows; /* numbers of routers; NULL: none */
	uint32_t router_size;
	bool vip_prefixes; /* some VIP is a network */
};

/*
 * How large the maps must be whose size is not fixed (wire/maps.h); a service of several sites has rows twice.
 * For the plan in empty tables: core/room.h tells what it takes beside what stands in them.
 */
struct plan_sizes {
	uint32_t rows, services;
};

struct plan_sizes plan_sizes(const struct plan *plan);

/* The size of a map of members with numbers for so many services, 0 among them; as many as there can be. */
uint32_t plan_places(uint64_t services);

/* For a gateway: everything. 0, or -ENOMEM. */
int plan_gateway(const struct config *config, const struct config_gateway *self,
		 const struct plan_keys *keys, struct plan **ret);

/*
 * The rows of routers over those that live: `alive` has plan->n_routers words. We ourselves are always
 * among them, so there are rows when everybody else is dead. 0, or -ENOMEM and the rows are as they
 * were.
 */
int plan_live_routers(struct plan *plan, const bool *alive);

/*
 * The rows of a service over the members that may take new connections, as health sees them: `up` has
 * a word for each of the service's members, and where none of all sites is up, `held` has (struct health;
 * NULL: nobody is). Those that the operator closed stay so. What other sites have of the rows is what
 * service->wanted says, as far as they and our own site can have it now (policy_settle). 0, or -ENOMEM
 * and the rows are as they were.
 */
int plan_healthy_members(const struct plan *plan, struct plan_service *service, const bool *up,
			 const bool *held);

/* What a place in rows holds for a site. */
uint16_t plan_site_number(const struct plan *plan, const struct config_site *site);

/* The members of a service at a site. */
struct plan_members {
	uint64_t open, all; /* weights: that may take new connections, and that the operator opened */
	uint32_t n;	    /* of all */
};

struct plan_members plan_members(const struct plan_service *service, const struct config_site *site);

/* What the service's policy says, as core/policy.h counts; without one, nothing but failover. */
struct policy_profile plan_profile(const struct config_service *service);

/* The other sites as policy_settle sees them, without their room: service->n_others of them. */
void plan_others(const struct plan_service *service, struct policy_site *ret);

/* For a backend's agent: the VIPs and ports of its own services, no rows and no nodes. */
int plan_agent(const struct config *config, const struct config_backend *self, struct plan **ret);

/* What the programs are loaded with; an agent's fingerprint is the caller's to add. */
struct gateway_settings plan_gateway_settings(const struct config *config,
					      const struct config_gateway *self,
					      const struct plan_keys *keys, const struct plan *plan);
struct agent_settings plan_agent_settings(const struct config *config,
					  const struct config_backend *self,
					  const struct plan_keys *keys, const struct plan *plan);

struct plan *plan_free(struct plan *plan);
DEFINE_TRIVIAL_CLEANUP(struct plan *, plan_free);

#define _cleanup_plan_ _cleanup_(plan_freep)

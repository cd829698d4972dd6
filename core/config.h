/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The configuration as checked values: what the file says, with defaults filled in and every
 * reference resolved. Reading it is config_rows.h's table; nothing here knows of YAML or of files.
 *
 * Lists are in the order of the file. Names are unique within their list, ids within the fleet.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/cleanup.h"

struct tree;   /* base/tree.h: a parsed document with the line of every node */
struct errors; /* base/errors.h: what is wrong, a row each */

#define CONFIG_NAME_MAX 63

struct config_site {
	char *name;
	union address locator; /* /64, of the anycast SIDs */
	bool enabled;	       /* false: drained */
	const struct config_site **near; /* the nearest first; those that are not in it come behind */
	size_t n_near;
};

struct config_gateway {
	char *name;
	const struct config_site *site;
	union address locator;
	bool enabled;	   /* false: drained */
	char **interfaces; /* that clients' and backends' packets arrive on */
	size_t n_interfaces;
};

struct config_backend {
	char *name;
	const struct config_site *site;
	uint16_t id; /* 1 to 32767 */
	union address locator;
	bool agent;	   /* false: only the kernel's seg6local behind the SIDs */
	char **interfaces; /* that encapsulated packets arrive on; none for agentless */
	size_t n_interfaces;
};

enum config_switch {
	CONFIG_OFF,
	CONFIG_ON,
};

enum config_return {
	CONFIG_DIRECT,
	CONFIG_GATEWAY,
};

struct config_member {
	const struct config_backend *backend;
	uint32_t weight; /* 0 to 1000; 0 is closed */
	bool enabled;
};

enum config_check {
	CONFIG_CHECK_AUTO, /* in the file only: config_check resolves it */
	CONFIG_CHECK_OFF,
	CONFIG_CHECK_TCP,
	CONFIG_CHECK_HTTP,
	CONFIG_CHECK_HTTPS,
	CONFIG_CHECK_DNS,
};

/* What does an agent's silence say of its backend? */
enum config_heartbeat {
	CONFIG_HEARTBEAT_OFF,	   /* nothing */
	CONFIG_HEARTBEAT_ON,	   /* doubt: one failed probe is enough */
	CONFIG_HEARTBEAT_REQUIRED, /* that it is down */
};

enum config_trust {
	CONFIG_TRUST_NONE,
	CONFIG_TRUST_ALL,
};

struct config_health {
	uint8_t check; /* enum config_check */
	uint32_t interval_ms, timeout_ms;
	uint32_t rise, fall; /* probes */
	uint32_t jitter;     /* percent */
	uint16_t port;	     /* that is asked; 0: not checked */
	char *path, *host;   /* host NULL: the VIP */
	uint32_t status;
	char *body;	  /* NULL: any */
	char *name;	  /* NULL: not dns */
	uint8_t all_down; /* enum config_trust */
	uint8_t heartbeat; /* enum config_heartbeat */
	bool unasked; /* check is off by auto: nobody knows what there is to ask */
};

enum config_per {
	CONFIG_PER_BACKEND,
	CONFIG_PER_SITE,
};

/* One of the three, or none: then it is never used up. */
struct config_capacity {
	uint32_t connections;
	uint32_t rate; /* new connections a second */
	uint32_t load; /* CPU, thousandths of all that a host has */
	uint8_t per;   /* enum config_per; of connections and rate */
};

struct config_spill {
	uint32_t at; /* percent of the capacity */
	const struct config_site **to; /* the preferred one first; none: all, the nearest first */
	size_t n_to;
};

struct config_recover {
	uint32_t below; /* percent of the capacity */
	uint32_t step;	/* percent of new connections, a second */
	uint32_t after_s;
};

/* When a site hands new connections to others (core/policy.h). */
struct config_policy {
	char *name;
	struct config_capacity capacity;
	struct config_spill spill;
	struct config_recover recover;
	uint32_t min_healthy; /* percent of a site's backends */
};

struct config_service {
	char *name;
	struct network *vips;
	size_t n_vips;
	uint8_t protocol;		/* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t port_first, port_last; /* any: 0 to 65535 */
	uint32_t max_backends;
	struct config_member *members;
	size_t n_members;
	bool agentless; /* none of the members has an agent */
	uint8_t cookie; /* enum config_switch: do TCP timestamps carry the backend? */
	bool sticky;	/* UDP: a client's port keeps its backend */
	uint32_t who_has; /* connections a second that the nodes may be asked about */
	uint8_t return_way; /* enum config_return: how do replies get to the client? */
	struct config_health health;
	const struct config_policy *policy; /* NULL: a site hands over when nobody is open there */
	char *requests; /* file in which the application counts them; NULL: none */
};

/* Of each gateway's table. Times: since the flow's last packet. */
struct config_pins {
	uint32_t number;
	uint32_t new_s, established_s, datagrams_s, closing_s, reset_s;
};

struct config_influx {
	char *url;	  /* NULL: nothing is pushed */
	char *token_file; /* NULL: none; absolute, or relative to the folder of the configuration */
	uint32_t interval_s;
};

struct config_metrics {
	char *listen, *agent_listen; /* "ADDRESS:PORT" or "off" */
	struct config_influx influx;
};

/* How a gateway takes leave of its traffic (core/drain.h). */
struct config_drain {
	uint32_t limit_s, settle_ms, below_percent;
};

enum config_store {
	CONFIG_STORE_FILE,
	CONFIG_STORE_ETCD,
};

/* How to reach etcd. Files are absolute, or relative to the folder of the configuration. */
struct config_etcd {
	char **endpoints;
	size_t n_endpoints;
	char *prefix;
	char *ca, *certificate, *key; /* NULL: none */
	char *user, *password_file;
};

/* What rests, as the configuration has it (core/rests.h). The name is the number. */
struct config_resting_id {
	char *name;
	char *was;
	union address locator;
	char *since; /* base/date.h */
};

struct config_resting_epoch {
	char *name;
	char *since;
};

struct config {
	uint8_t store; /* enum config_store */
	struct config_etcd etcd;
	struct network infrastructure;
	char *secret_file; /* absolute, or relative to the folder of the configuration */
	uint32_t mtu;	   /* of the infrastructure's links, bytes */
	struct config_pins pins;
	uint32_t heartbeat_ms;
	uint32_t cookie_epoch; /* new connections' cookies carry its lowest bit; it and the one before live */
	uint32_t rest_s;
	struct config_resting_id *resting_ids;
	size_t n_resting_ids;
	struct config_resting_epoch *resting_epochs;
	size_t n_resting_epochs;
	struct config_metrics metrics;
	struct config_drain drain;
	struct config_site *sites;
	size_t n_sites;
	struct config_gateway *gateways;
	size_t n_gateways;
	struct config_backend *backends;
	size_t n_backends;
	struct config_policy *policies;
	size_t n_policies;
	struct config_service *services;
	size_t n_services;
};

/*
 * Checks `tree` and makes it a configuration. Finds every error in one go.
 * 0; or -EINVAL with the errors added to `errors`, -ENOMEM. On error *ret is untouched.
 */
int config_from_tree(const struct tree *tree, struct errors *errors, struct config **ret);

/*
 * What can be read of a tree that may be wrong anywhere, for what has to be known all the same: what could
 * not be read is zero or NULL, and nothing goes with anything else. 0 or -ENOMEM.
 */
int config_salvage(const struct tree *tree, struct config **ret);

/* Whether the rest of the configuration is in a store, and this tree only says where. */
bool config_names_store(const struct tree *tree);

/* Of such a tree; `store` and `etcd` are all that the result holds. As config_from_tree. */
int config_store_from_tree(const struct tree *tree, struct errors *errors, struct config **ret);

struct config *config_free(struct config *config);

DEFINE_TRIVIAL_CLEANUP(struct config *, config_free);

#define _cleanup_config_ _cleanup_(config_freep)

/* NULL: no such name. */
/* Does anybody find out that a backend of the service is down: probes, or heartbeats that are required? */
bool config_is_checked(const struct config_service *service);

const struct config_gateway *config_gateway(const struct config *config, const char *name);
const struct config_backend *config_backend(const struct config *config, const char *name);

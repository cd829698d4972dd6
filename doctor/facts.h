/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the doctor saw, before any judgement: plain values, filled by the adapters (doctor/see_*.c)
 * and by tests. What could not be seen is marked so, and is no fault.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fib.h"
#include "core/config.h"
#include "core/plan.h"

enum role {
	ROLE_GATEWAY,
	ROLE_BACKEND,
};

/* "gateway" or "agent": the end of the daemon's name. */
static inline const char *role_daemon(enum role role)
{
	return role == ROLE_GATEWAY ? "gateway" : "agent";
}

enum xdp_mode {
	XDP_NONE,
	XDP_NATIVE, /* in the driver, or on the card */
	XDP_GENERIC,
};

#define PROGRAM_NAME_SIZE 16 /* BPF_OBJ_NAME_LEN */
#define FACT_NAME_SIZE 32

enum maybe {
	UNSEEN,
	NO,
	YES,
};

/* One of the configured interfaces. */
struct fact_interface {
	const char *name; /* the configuration's */
	uint32_t ifindex; /* 0: there is none, and nothing below is known */
	bool running;
	uint32_t mtu;
	enum xdp_mode xdp;
	char program[PROGRAM_NAME_SIZE]; /* on XDP */
	bool interpreted;		 /* it was not compiled to machine code */
	enum maybe stamp;		 /* our filter stands at tc egress */
	bool lro;
	bool veth;
	char peer[FIB_NAME_SIZE];  /* of a veth, "" where it cannot be seen */
	enum maybe peer_xdp;	   /* it runs an XDP program */
	enum maybe peer_checksum;  /* it leaves checksums half-made (tx-checksumming is on) */
	int rp_filter, arp_ignore; /* what is in effect, `all` included; -1: unseen */
};

struct fact_address {
	struct network network;
	bool loopback;
};

/* How a probe of some size ended. */
enum probe_end {
	PROBE_UNSENT, /* sendto(2) refused it, or no route: not asked */
	PROBE_SILENCE,
	PROBE_ANSWERED,
	PROBE_UNREACHABLE, /* a router said so by ICMPv6 */
	PROBE_TOO_BIG,	   /* likewise */
};

struct probe_outcome {
	enum probe_end end;
	union address offender; /* of an ICMPv6 error: who said so */
	uint8_t code;		/* of ICMPv6 unreachable (RFC 4443, 3.1) */
	uint32_t mtu;		/* of "too big" */
};

/* A backend with an agent, or only with a kernel, or another gateway, as seen from here. */
struct fact_target {
	const char *name;
	union address sid; /* what is probed; without an agent, what is routed to */
	bool agent;
	int route;	       /* fib_resolve: next hops, or -ENETUNREACH */
	struct fib_wanted hop; /* with no next hop: a neighbour that is unresolved */
	char hop_interface[FIB_NAME_SIZE];
	struct probe_outcome small, full;
	uint32_t fits; /* the greatest size that was answered, where the full one was not */
	/* Of an answer: */
	uint64_t fingerprint;
	struct prefix infrastructure;
	int64_t clock_ahead_ns; /* of ours, both as the kernels tell TAI */
	/* Of an agent, what our daemon says: */
	const char *heartbeat; /* load_state_name; NULL: unseen */
	bool replayed;	       /* its heartbeats are refused as old ones */
};

struct fact_vip {
	const struct network *network;
	enum maybe wanted; /* the daemon wants it announced */
	bool announced;	   /* its route stands */
};

/* A verdict that means a fault somewhere, and how much its counter rose while we looked. */
struct fact_drop {
	char verdict[FACT_NAME_SIZE];
	char help[96];
	uint64_t rose;
};

struct facts {
	enum role role;
	const char *node;
	const char *socket;
	const char *config_file;
	const struct config *config;
	const struct plan *plan;
	uint64_t fingerprint; /* of our secret */
	bool daemon;	      /* it answers */
	enum maybe jit;
	int timestamps; /* net.ipv4.tcp_timestamps, -1: unseen */
	const char *store;	   /* its endpoint; NULL: the file is the store */
	const char *store_why;	   /* it cannot be reached */
	const char *store_refused; /* what it has is no configuration */
	bool default_v4, default_v6;
	bool probe_source; /* an address of ours is inside the infrastructure prefix */

	struct fact_interface *interfaces;
	size_t n_interfaces;
	struct fact_address *addresses;
	size_t n_addresses;
	struct fact_vip *vips; /* a gateway's */
	size_t n_vips;
	struct network *strays; /* announced by our protocol and in no plan */
	size_t n_strays;
	struct network *usec_routes; /* destinations whose TCP timestamps are microseconds */
	size_t n_usec_routes;
	struct fact_target *targets;
	size_t n_targets;
	struct fact_drop *drops;
	size_t n_drops;
};

/* Frees the lists. For _cleanup_ on a struct on the stack. */
void facts_clear(struct facts *facts);

#define _cleanup_facts_ _cleanup_(facts_clear)

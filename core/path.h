/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where would this flow go? The ladder's decisions in plain C, over the very tables that the packets
 * are sent by and with the same hash: what `holdfast path` prints. bpf/steps/ladder.h is the original;
 * a lab test holds the two together, flow by flow.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/pin_table.h"
#include "core/tables.h"
#include "wire/flow.h"
#include "wire/srv6.h"
#include "wire/verdicts.h"

enum path_packet {
	PATH_NEW,      /* a SYN that offers timestamps; a datagram */
	PATH_NEW_BARE, /* a SYN without timestamps */
	PATH_MIDWAY,   /* a segment in mid-connection */
};

/* How what the server answers gets to the client. */
enum path_replies {
	PATH_DIRECT,
	PATH_FIRST_PINS,  /* the first through the flow's router, which pins the connection; then directly */
	PATH_BY_GATEWAY,  /* all through the gateway that sends the packet */
};

struct path {
	enum gateway_verdict verdict; /* of the gateway that the packet reaches first. A pin's may go unread (wire/recent.h) */
	uint32_t service;	      /* its number in the tables, 0: none */
	uint32_t row;
	uint16_t pin;	 /* id of the backend that the flow is pinned to at this gateway; 0: none */
	uint16_t router; /* the flow's router, its number; 0: the site has none */
	uint16_t backends[CANDIDATES_MAX]; /* ids, in the order of visit; ROW_SITE: another site */
	union address segments[CANDIDATES_MAX]; /* their SIDs, with arguments */
	uint32_t n_segments;
	enum path_replies replies;
	bool to_site; /* the last one is another site's */
};

/* What a gateway decides by. */
struct path_view {
	const struct tables *tables;
	const struct pin_table *pins;
	const struct hash_key *key;
	const struct cookie_keys *cookie;
	uint64_t now_ns; /* CLOCK_MONOTONIC */
};

/*
 * `vip` is the word of the flow's VIP (vips_word, or the map of networks), 0 when it has none. The
 * backends are those that the flow's router sends it to where the hasher hands it over; a pin at another
 * router is not known here. A SYN is taken for one that begins a new connection.
 */
void path_find(const struct path_view *view, const struct flow *flow, uint64_t vip,
	       enum path_packet packet, struct path *ret);

/* Does the ladder look for a cookie first, whatever path_find says about packets without? */
bool path_may_have_cookie(const struct path_view *view, const struct path *path,
			  enum path_packet packet);

/*
 * The path of such a packet whose TSecr is this number: false, and `path` as it was, where it names no
 * reachable backend of the service; the packet then goes down the ladder.
 */
bool path_by_cookie(const struct path_view *view, const struct flow *flow, uint32_t tsecr,
		    struct path *path);

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who has it? One inquiry after one connection: whom a router asks in which order, and what the
 * answers come to. A state, changed by events at given times; packets are the caller's.
 *
 *   - First the nodes near by: the site's own backends of the service, and the gateway that routed the
 *     flow before, whose pin only says whom else to ask. Then, where none of them has it, one gateway of each
 *     other site with backends of the service, which asks those.
 *   - Whoever says "mine" has it, and that is the end. A connection in TIME_WAIT counts once all
 *     others have said no: after port reuse it would steal a living flow.
 *   - Denied is what everybody not known to be dead has said no to, and nothing else: it allows a reset.
 *     Whoever stays silent may hold the connection, so then there is no decision but to drop.
 *   - A question that is not answered in time is asked again, a few times. At most WHOHAS_AT_ONCE are
 *     open at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "core/health.h"
#include "wire/whohas.h"

#define WHOHAS_TIMEOUT_US 50000
#define WHOHAS_TRIES 3
#define WHOHAS_SITE_TIMEOUT_US 500000 /* another continent, and that site's own inquiry */
#define WHOHAS_SITE_TRIES 2
#define WHOHAS_AT_ONCE 64
#define WHOHAS_TARGETS_MAX 4096
#define WHOHAS_DEAD_US (60 * 1000000ULL)

enum whohas_target_kind {
	WHOHAS_BACKEND, /* number: its id */
	WHOHAS_ROUTER,	/* a gateway of our site, its pins; number: the caller's */
	WHOHAS_ELSEWHERE, /* another site; number: its place in config.sites */
};

struct whohas_target {
	enum whohas_target_kind kind;
	uint16_t number;
	bool later; /* asked once all of the others have been */
	bool dead;  /* and known to be: it is not waited for */
};

enum whohas_outcome {
	WHOHAS_OPEN,
	WHOHAS_CLAIMED,
	WHOHAS_DENIED,
	WHOHAS_SILENT,
};

struct inquiry;

/* At most WHOHAS_TARGETS_MAX of them. NULL: no memory. */
struct inquiry *inquiry_new(const struct whohas_target *targets, size_t n);
struct inquiry *inquiry_free(struct inquiry *inquiry);

/*
 * The next question to send now: its number, and whom it goes to for the `ret_try`th time, from 0.
 * Call until it says -EAGAIN: none is due. It also judges who has stayed silent.
 */
int inquiry_ask(struct inquiry *inquiry, uint64_t now_us, struct whohas_target *ret_target,
		unsigned int *ret_try);

/* An answer to the question of this number; late ones count until the end, second ones never. */
void inquiry_answer(struct inquiry *inquiry, uint32_t question, enum whohas_answer answer,
		    uint16_t backend);

/* Whose it is. */
struct whohas_claim {
	uint16_t backend;
	bool closed; /* in TIME_WAIT */
};

/* With *ret where it is claimed. */
enum whohas_outcome inquiry_outcome(const struct inquiry *inquiry, struct whohas_claim *ret);

/* When inquiry_ask has something to do next, unless an answer comes; UINT64_MAX: never. */
uint64_t inquiry_due_us(const struct inquiry *inquiry, uint64_t now_us);

/*
 * Is the backend known to be dead, by its health (NULL: it has none)? Its host has not answered for
 * WHOHAS_DEAD_US: a link that flaps is back by then, and a host that is started anew has no connections.
 * One that refuses is alive, and can say no itself.
 */
bool whohas_is_dead(const struct health *health, uint64_t now_us);

/*
 * Whom to ask of the service's own nodes: the backends at `own`, and with `further` the other sites
 * (or, of one without gateways, its backends). `ret` has room for `most`; returns how many there are,
 * which may be more. Nobody is known to be dead.
 */
size_t whohas_targets(const struct config *config, const struct config_service *service,
		      const struct config_site *own, bool further, struct whohas_target *ret,
		      size_t most);

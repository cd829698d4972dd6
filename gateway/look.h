/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this gateway sees of the fleet, for its entry in the store (core/sight.h). */
#pragma once

#include "core/sight.h"
#include "daemon/history.h"

/* Of a struct gateway_daemon. */
void gateway_look(struct sight *ret, void *userdata);

/* The same for the page's lines. */
void gateway_lines(struct history_lines *ret, void *userdata);

/* A digest of the rows that all services have now: that of other gateways of the site, if they agree. */
struct plan;
uint32_t gateway_generation(const struct plan *plan);

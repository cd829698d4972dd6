/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the page draws, small enough to be fetched every second: the state of daemon/metrics.h with
 * services summed up over their backends, of which some are listed, those in trouble first.
 */
#pragma once

#include <jansson.h>

#define FIGURES_BACKENDS_MAX 64 /* that are listed of a service */

/*
 * {"node", "site", "role", "version", "time", "pins", "gateways", "vips", "who-has", "process", and
 * "services": [{"name", "vips", "protocol", "ports", "off", "away", "members", "open", "up",
 * "connections", "opened_per_s", "backends": [{"name", "state": "open", "closed" or "down", "reason",
 * "connections", "cpu"}]}]}
 */
json_t *figures_json(const json_t *state);

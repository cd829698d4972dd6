/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parts of a daemon's /status as lists and as tables: services, backends, gateways. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* 0 and *ret, which the caller frees; -errno after a one-line error: this daemon has no such part.
 */
int services_of(const json_t *status, json_t **ret);
int backends_of(const json_t *status, json_t **ret); /* of all services, each with its "service" */
int gateways_of(const json_t *status, json_t **ret);

void print_services(const json_t *services, FILE *to);
void print_backends(const json_t *backends, FILE *to);
void print_gateways(const json_t *gateways, FILE *to);

#define BACKEND_STATE_MAX 96

/* In words: may it take new connections, or why not. Writes into the buffer and returns it. */
const char *backend_state(const json_t *backend, char state[static BACKEND_STATE_MAX]);

/* In words: is it alive, or why not. */
const char *gateway_state(const json_t *gateway);

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the tables cost that the packets read, measured on the daemon's own code over memory of the same
 * layout: how full pins can be, how long rows take, and what moves when a backend leaves.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

/* Each prints its lines and appends them to `lines`. 0 or a negative errno. */
int bench_pins(bool quick, json_t *lines);
int bench_rows(bool quick, json_t *lines);
int bench_services(bool quick, json_t *lines);

/* Of this process, in ms: what others do meanwhile is not counted. */
double cpu_ms(void);

/* Medians and quartiles of what took so long; sorts. */
struct spread {
	double low, median, high;
};
struct spread spread_of(double *values, size_t n);

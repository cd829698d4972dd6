/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/tables.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "bench/fleet.h"
#include "bench/machine.h"

struct options {
	const char *json;
	const char *fleet; /* to write, instead of measuring */
	bool quick;
	bool machine; /* to be told, and nothing else */
};

static const char help[] =
	"usage: holdfast-bench-tables [--quick] [--json FILE]\n"
	"       holdfast-bench-tables --fleet SERVICES,BACKENDS,MEMBERS,WEIGHT\n"
	"       holdfast-bench-tables --machine\n"
	"\n"
	"What the tables of a gateway cost: pins, by how full they are; rows of one service,\n"
	"and of a thousand. The daemon's own code, on memory of this process.\n"
	"\n"
	"  --quick      a smaller table of pins, fewer rounds\n"
	"  --json FILE  the figures for programs, too\n"
	"  --fleet ...  writes a configuration of that size: bench/fleet.h\n"
	"  --machine    says as JSON what machine this is\n";

double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct spread spread_of(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return (struct spread){values[n / 4], values[n / 2], values[n * 3 / 4]};
}

/* 0; 1: all is said already; -EINVAL, said to stderr. */
static int parse_options(int argc, char **argv, struct options *ret)
{
	static const struct option names[] = {
		{"quick", no_argument, NULL, 'q'},	{"json", required_argument, NULL, 'j'},
		{"fleet", required_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'},
		{"machine", no_argument, NULL, 'm'},	 {},
	};
	int option;

	*ret = (struct options){};
	while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
		if (option == 'q')
			ret->quick = true;
		else if (option == 'j')
			ret->json = optarg;
		else if (option == 'f')
			ret->fleet = optarg;
		else if (option == 'm')
			ret->machine = true;
		else if (option == 'h')
			return fputs(help, stdout), 1;
		else
			return -EINVAL; /* getopt has said why */
	}
	return 0;
}

static int write_fleet(const char *text)
{
	struct fleet fleet = {.asked = true};

	if (sscanf(text, "%u,%u,%u,%u", &fleet.services, &fleet.backends, &fleet.members,
		   &fleet.weight) != 4 ||
	    !fleet.services || !fleet.backends) {
		log_error("%s: no fleet: SERVICES,BACKENDS,MEMBERS,WEIGHT", text);
		return -EINVAL;
	}
	fleet_write(stdout, &fleet);
	return 0;
}

static int tell_machine(void)
{
	struct machine machine = {};
	json_t *json;

	machine_read(&machine);
	json = machine_json(&machine);
	json_dumpf(json, stdout, JSON_REAL_PRECISION(6));
	json_decref(json);
	return 0;
}

static int measure(const struct options *options)
{
	struct machine machine = {};
	json_t *lines = json_array(), *json;
	int r;

	machine_read(&machine);
	machine_print(stdout, &machine);
	r = bench_pins(options->quick, lines);
	if (r == 0)
		r = bench_rows(options->quick, lines);
	if (r == 0)
		r = bench_services(options->quick, lines);
	json = json_pack("{s:o s:o}", "machine", machine_json(&machine), "tables", lines);
	if (r < 0)
		log_error("%s", strerror(-r));
	else if (options->json && json_dump_file(json, options->json,
						 JSON_INDENT(2) | JSON_REAL_PRECISION(6)) < 0) {
		r = -errno;
		log_error("%s: cannot write: %s", options->json, strerror(-r));
	}
	json_decref(json);
	return r;
}

int main(int argc, char **argv)
{
	struct options options;
	int r = parse_options(argc, argv, &options);

	if (r != 0)
		return r < 0 ? 2 : EXIT_SUCCESS;
	if (options.machine)
		r = tell_machine();
	else
		r = options.fleet ? write_fleet(options.fleet) : measure(&options);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

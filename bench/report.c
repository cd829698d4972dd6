/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/report.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/log.h"

/* The same under real traffic, by the kernel's statistics. */
static void report_checks(FILE *file, const struct bench *bench)
{
	if (bench->checks[0].path)
		fprintf(file, "\n%-16s %6s %9s %9s   by the kernel's statistics, without their %.1f ns\n",
			"under traffic", "family", "packets", "net ns", bench->checks[0].empty_ns);
	for (size_t i = 0; i < CROSSCHECKS_MAX && bench->checks[i].path; i++) {
		const struct crosscheck *check = &bench->checks[i];

		fprintf(file, "%-16s %6s %9lu %9.1f\n", check->path, check->v6 ? "IPv6" : "IPv4",
			check->runs, check->ns);
	}
}

/* A row without a sample has reached nothing. */
static bool reaches(const struct row *row, const struct figure *figure)
{
	return figure->rounds && figure->net_ns <= row_mark(row);
}

static const char *verdict(const struct row *row, const struct figure *figure)
{
	if (!figure->rounds)
		return "NOT MEASURED";
	return reaches(row, figure) ? "reached" : "MISSED";
}

void report_table(FILE *file, const struct machine *machine, const struct bench *bench)
{
	machine_print(file, machine);
	fprintf(file, "%-16s %6s %9s %9s %7s %10s %8s %7s\n", "path", "family", "flows", "net ns",
		"spread", "floor ns", "ratio", "rounds");
	for (size_t i = 0; i < bench->n_rows; i++) {
		const struct row *row = &bench->rows[i];
		struct figure figure = row_figure(bench, row);

		fprintf(file, "%-16s %6s %9u %9.1f %7.1f %10.1f %8.2f %7zu", row->path->name,
			row->v6 ? "IPv6" : "IPv4", row->flows, figure.net_ns, figure.spread_ns,
			figure.floor_ns, figure.ratio, figure.rounds);
		if (row_mark(row))
			fprintf(file, "   mark %u: %s", row_mark(row), verdict(row, &figure));
		fputc('\n', file);
	}
	report_checks(file, bench);
}

static json_t *checks_json(const struct bench *bench)
{
	json_t *checks = json_array();

	for (size_t i = 0; i < CROSSCHECKS_MAX && bench->checks[i].path; i++) {
		const struct crosscheck *check = &bench->checks[i];

		json_array_append_new(checks,
				      json_pack("{s:s s:i s:I s:f s:f}", "path", check->path,
						"family", check->v6 ? 6 : 4, "packets",
						(json_int_t)check->runs, "net_ns", check->ns,
						"statistics_ns", check->empty_ns));
	}
	return checks;
}

static json_t *row_json(const struct bench *bench, const struct row *row)
{
	struct figure figure = row_figure(bench, row);

	json_t *json = json_pack("{s:s s:i s:i s:f s:f s:f s:f s:i}", "path", row->path->name,
				 "family", row->v6 ? 6 : 4, "flows", (int)row->flows, "net_ns",
				 figure.net_ns, "spread_ns", figure.spread_ns, "floor_ns",
				 figure.floor_ns, "ratio_to_floor", figure.ratio, "rounds",
				 (int)figure.rounds);

	if (json && row_mark(row)) {
		json_object_set_new(json, "mark_ns", json_integer(row_mark(row)));
		json_object_set_new(json, "reached", json_boolean(reaches(row, &figure)));
	}
	return json;
}

static json_t *bench_json(const struct machine *machine, const struct bench *bench)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < bench->n_rows; i++)
		json_array_append_new(rows, row_json(bench, &bench->rows[i]));
	return json_pack("{s:o s:o s:o}", "machine", machine_json(machine), "paths", rows, "checks",
			 checks_json(bench));
}

int report_json(const char *path, const struct machine *machine, const struct bench *bench)
{
	json_t *json = bench_json(machine, bench);
	int r = 0;

	if (!json)
		return -ENOMEM;
	if (json_dump_file(json, path, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) < 0)
		r = -errno;
	json_decref(json);
	if (r < 0)
		log_error("%s: cannot write: %s", path, strerror(-r));
	return r;
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/report.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "config_build.h"

static void read_cpu(char *ret, size_t size)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256], name[128];

	snprintf(ret, size, "unknown");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "model name : %127[^\n]", name) == 1) {
			snprintf(ret, size, "%s", name);
			return;
		}
}

static bool read_jit(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/sys/net/core/bpf_jit_enable", "re");

	return file && fgetc(file) != '0';
}

void machine_read(struct machine *ret)
{
	struct utsname system;

	if (uname(&system) == 0)
		snprintf(ret->kernel, sizeof(ret->kernel), "%s %s", system.release, system.machine);
	read_cpu(ret->cpu, sizeof(ret->cpu));
	ret->cores = sysconf(_SC_NPROCESSORS_ONLN);
	ret->jit = read_jit();
}

void report_table(FILE *file, const struct machine *machine, const struct bench *bench)
{
	fprintf(file, "holdfast %s, kernel %s, %s, %ld cores%s\n\n", HOLDFAST_VERSION,
		machine->kernel, machine->cpu, machine->cores, machine->jit ? "" : ", BPF JIT OFF");
	fprintf(file, "%-16s %6s %9s %9s %10s %8s %7s\n", "path", "family", "flows", "net ns",
		"floor ns", "ratio", "rounds");
	for (size_t i = 0; i < bench->n_rows; i++) {
		const struct row *row = &bench->rows[i];
		struct figure figure = row_figure(bench, row);

		fprintf(file, "%-16s %6s %9u %9.1f %10.1f %8.2f %7zu\n", row->path->name,
			row->v6 ? "IPv6" : "IPv4", row->flows, figure.net_ns, figure.floor_ns,
			figure.ratio, figure.rounds);
	}
}

static json_t *row_json(const struct bench *bench, const struct row *row)
{
	struct figure figure = row_figure(bench, row);

	return json_pack("{s:s s:i s:i s:f s:f s:f s:i}", "path", row->path->name, "family",
			 row->v6 ? 6 : 4, "flows", (int)row->flows, "net_ns", figure.net_ns,
			 "floor_ns", figure.floor_ns, "ratio_to_floor", figure.ratio, "rounds",
			 (int)figure.rounds);
}

static json_t *bench_json(const struct machine *machine, const struct bench *bench)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < bench->n_rows; i++)
		json_array_append_new(rows, row_json(bench, &bench->rows[i]));
	return json_pack("{s:{s:s s:s s:s s:i s:b} s:o}", "machine", "holdfast", HOLDFAST_VERSION,
			 "kernel", machine->kernel, "cpu", machine->cpu, "cores",
			 (int)machine->cores, "jit", machine->jit, "paths", rows);
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
